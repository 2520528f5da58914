/**
 * What is mounted where, as the kernel tells it. Source: proc(5), `/proc/[pid]/mountinfo`.
 *
 * Law: a path is the same whatever links lead to it. A mount that was overlooked for its name would be emptied with the pod's
 * folder.
 */
import $ from "dax";

const unmountSeconds = 60;
/** How timeout(1) ends when it had to kill. */
const killed = 137;

/** Mount points at and below a folder, deepest first. */
export async function mountPoints(folder: string): Promise<string[]> {
  const real = await realPath(folder);
  return (await allMountPoints()).filter((point) => point === real || point.startsWith(`${real}/`))
    .sort((a, b) => b.length - a.length);
}

/** Asks about the folder above, never about what is mounted: a file server that is away would hold the question for ever. */
export async function isMountPoint(path: string): Promise<boolean> {
  const cut = path.lastIndexOf("/");
  const above = await realPath(path.slice(0, cut) || "/");
  return (await allMountPoints()).includes(`${above === "/" ? "" : above}${path.slice(cut)}`);
}

/** Shows a file or folder at `place`, which is made. */
export async function bindMount(
  source: string,
  place: string,
  { options = [] }: { readonly options?: readonly string[] } = {},
): Promise<void> {
  const { isDirectory } = await Deno.stat(source);
  await Deno.mkdir(isDirectory ? place : place.slice(0, place.lastIndexOf("/")), { recursive: true, mode: 0o700 });
  if (!isDirectory) await (await Deno.open(place, { create: true, write: true, mode: 0o600 })).close();
  // Else mount(8) looks up the path of what an open descriptor holds, and mounts whatever is there by then.
  await $`mount --no-canonicalize --bind ${options.length > 0 ? ["-o", options.join(",")] : []} ${source} ${place}`
    .quiet();
}

/** Takes every mount at and below the folder away. */
export async function unmountBelow(folder: string): Promise<void> {
  for (const point of await mountPoints(folder)) await unmount(point);
}

/**
 * Without a look at what is mounted there, which would wait for a file server that is away. What a pod wrote last and such a
 * server never got is given up after a while: the pod's folder must not wait for ever.
 */
async function unmount(point: string): Promise<void> {
  const { code } = await $`timeout --signal=KILL ${unmountSeconds} umount --no-canonicalize ${point}`.quiet()
    .noThrow(killed);
  if (code === killed) await $`umount --no-canonicalize --force ${point}`.quiet();
}

/** What is not there is no mount point, under any name. */
async function realPath(path: string): Promise<string> {
  try {
    return await Deno.realPath(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return path;
    throw error;
  }
}

async function allMountPoints(): Promise<string[]> {
  const table = await Deno.readTextFile("/proc/self/mountinfo");
  return table.split("\n").map((line) => unescape(line.split(" ")[4] ?? ""));
}

/** Type of the filesystem by mount point. */
export async function mountTypes(): Promise<Map<string, string>> {
  const table = await Deno.readTextFile("/proc/self/mountinfo");
  return new Map(
    table.split("\n").filter(Boolean).map((line) => {
      const words = line.split(" ");
      return [unescape(words[4]!), words[words.indexOf("-") + 1]!];
    }),
  );
}

/** The kernel writes blanks and backslashes in octal. */
function unescape(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
}
