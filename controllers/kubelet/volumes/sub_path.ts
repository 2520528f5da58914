/**
 * `subPath` of a volume mount. The pod's containers can write into the volume, so a component may turn into a symlink at any
 * time; a path that leaves the volume would show the node's files. So the path is resolved, walked again without following
 * links, and what is then held open is bind-mounted to a place that only the agent knows; docker gets that place.
 */
import { type Held, holdEntryIn, holdFolder, holdFolderIn } from "./inside_folder.ts";
import { bindMount, isMountPoint } from "./mounts.ts";
import { MountError } from "./payload.ts";

/** Returns the path to give to docker: a bind mount of `volume/subPath` at `place`. Missing folders are made. */
export async function pinSubPath(volume: string, subPath: string, place: string): Promise<string> {
  if (subPath.startsWith("/")) throw new MountError(`error SubPath \`${subPath}\` must not be an absolute path`);
  if (subPath.split("/").includes("..")) {
    throw new MountError(`unable to provision SubPath \`${subPath}\`: must not contain '..'`);
  }
  if (await isMountPoint(place)) return place;
  const root = await Deno.realPath(volume);
  const parts = await resolvedParts(root, subPath);
  await using folder = await holdFolder(root);
  await pin(folder, parts, place);
  return place;
}

/** The names that lead from the volume to the target, with the links that are there now replaced by what they point to. */
async function resolvedParts(root: string, subPath: string): Promise<string[]> {
  const missing: string[] = [];
  const wanted = subPath.split("/").filter((part) => part !== "" && part !== ".");
  for (let depth = wanted.length; depth > 0; depth--) {
    const present = await Deno.realPath([root, ...wanted.slice(0, depth)].join("/")).catch(() => undefined);
    if (present === undefined) {
      missing.unshift(wanted[depth - 1]!);
      continue;
    }
    if (present !== root && !present.startsWith(`${root}/`)) {
      throw new MountError(`subPath "${subPath}" leads out of the volume`);
    }
    return [...present.slice(root.length + 1).split("/").filter((part) => part !== ""), ...missing];
  }
  return missing;
}

async function pin(folder: Held, [name, ...rest]: readonly string[], place: string): Promise<void> {
  if (name === undefined) return await bindMount(folder.path, place);
  const isLast = rest.length === 0;
  await using below = await enter(folder, name, isLast);
  await pin(below, rest, place);
}

/** Only the last part may be something else than a folder. */
async function enter(folder: Held, name: string, isLast: boolean): Promise<Held> {
  try {
    return await (isLast ? holdEntryIn(folder, name) : holdFolderIn(folder, name));
  } catch (error) {
    if ((error as { code?: string }).code !== "ENOENT") throw changed(error);
  }
  try {
    await Deno.mkdir(`${folder.path}/${name}`, { mode: 0o777 });
    return await holdFolderIn(folder, name);
  } catch (error) {
    throw changed(error);
  }
}

function changed(cause: unknown): MountError {
  return new MountError(`subPath changed while it was mounted: ${cause instanceof Error ? cause.message : cause}`);
}
