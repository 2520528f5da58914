/**
 * A folder whose files change all at once: they live in a timestamped folder behind the symlink `..data`, which is replaced by
 * rename; what a container sees at the top are symlinks into `..data`. A reader sees the old set or the new, never a mix, and
 * a death at any line leaves one of the two.
 */
import { type Payload, payloadHash } from "./payload.ts";

export interface WriteFolderOptions {
  /** Group that owns the files, when the pod has an fsGroup. */
  readonly group?: number;
  readonly now: number;
}

/** Returns whether anything was written. Paths were validated: relative, without `..`. */
export async function writeFolder(
  folder: string,
  payload: Payload,
  { group, now }: WriteFolderOptions,
): Promise<boolean> {
  const hash = await payloadHash(payload);
  const before = await readLink(`${folder}/..data`);
  const isPresent = before?.endsWith(`.${hash.slice(0, 16)}`) ?? false;
  // The time sorts, the hash tells whether the content is already there.
  const version = `..${new Date(now).toISOString().replaceAll(/[-:.TZ]/g, "_")}.${hash.slice(0, 16)}`;
  if (!isPresent) {
    await writeFiles(`${folder}/${version}`, payload, group);
    await replaceLink(`${folder}/..data`, version);
  }
  // Also of content that is there: who wrote it may have died before.
  await linkTops(folder, payload);
  await removeOtherVersions(folder, isPresent ? before! : version);
  return !isPresent;
}

const versionName = /^\.\.\d{4}[\d_]+\.[0-9a-f]{16}$/;

/** Those that were replaced, and those that nobody finished. What is not a name that we gave is none of ours. */
async function removeOtherVersions(folder: string, kept: string): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (!isDirectory || name === kept || !versionName.test(name)) continue;
    await Deno.remove(`${folder}/${name}`, { recursive: true });
  }
}

async function writeFiles(folder: string, payload: Payload, group?: number): Promise<void> {
  await Deno.mkdir(folder, { recursive: true, mode: 0o755 });
  await Deno.chmod(folder, 0o755);
  for (const [path, { bytes, mode, owner }] of payload) {
    const target = checkedPath(folder, path);
    await Deno.mkdir(target.slice(0, target.lastIndexOf("/")), { recursive: true, mode: 0o755 });
    await Deno.writeFile(target, bytes, { mode: 0o600 });
    if (group !== undefined || owner !== undefined) await Deno.chown(target, owner ?? null, group ?? null);
    // The group that owns a file may read it.
    await Deno.chmod(target, group === undefined ? mode : mode | 0o040);
  }
}

function checkedPath(folder: string, path: string): string {
  if (path.startsWith("/") || path.split("/").includes("..")) {
    throw new RangeError(`invalid path "${path}" in a volume`);
  }
  return `${folder}/${path}`;
}

async function replaceLink(link: string, target: string): Promise<void> {
  const fresh = `${link}_tmp`;
  await Deno.remove(fresh).catch(() => {});
  await Deno.symlink(target, fresh);
  await Deno.rename(fresh, link);
}

/** One symlink for each first part of a path; those of paths that are gone go too. */
async function linkTops(folder: string, payload: Payload): Promise<void> {
  const tops = new Set([...payload.keys()].map((path) => path.split("/")[0]!));
  for await (const { name } of Deno.readDir(folder)) {
    if (!name.startsWith("..") && !tops.has(name)) await Deno.remove(`${folder}/${name}`, { recursive: true });
  }
  for (const top of tops) {
    if (await readLink(`${folder}/${top}`) === undefined) await Deno.symlink(`..data/${top}`, `${folder}/${top}`);
  }
}

function readLink(path: string): Promise<string | undefined> {
  return Deno.readLink(path).catch(() => undefined);
}
