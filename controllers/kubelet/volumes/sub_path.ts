/**
 * `subPath` of a volume mount. The pod's containers can write into the volume, so a component may turn into a symlink at any
 * time; a path that leaves the volume would show the node's files. So the resolved path is pinned: it is opened, checked, and
 * bind-mounted to a place that only the agent knows, and docker gets that place.
 */
import $ from "dax";
import { mountPoints } from "./empty_dir.ts";
import { MountError } from "./payload.ts";

/** Returns the path to give to docker: a bind mount of `volume/subPath` at `place`. Missing folders are made. */
export async function pinSubPath(volume: string, subPath: string, place: string): Promise<string> {
  if (subPath.startsWith("/") || subPath.split("/").includes("..")) {
    throw new MountError(`subPath "${subPath}" must not leave the volume`);
  }
  if ((await mountPoints(place)).includes(place)) return place;
  const target = await resolveInside(await Deno.realPath(volume), subPath);
  using file = await Deno.open(target);
  await makePlace(place, (await file.stat()).isDirectory);
  await $`mount --bind ${target} ${place}`.quiet();
  await checkPinned(target, place);
  return place;
}

/** Makes missing folders one at a time, so that a link planted in between is seen. */
async function resolveInside(root: string, subPath: string): Promise<string> {
  let current = root;
  for (const part of subPath.split("/").filter((one) => one !== "" && one !== ".")) {
    const next = `${current}/${part}`;
    if (!await exists(next)) await Deno.mkdir(next, { mode: 0o777 });
    current = await Deno.realPath(next);
    if (current !== root && !current.startsWith(`${root}/`)) {
      throw new MountError(`subPath "${subPath}" leads out of the volume`);
    }
  }
  return current;
}

async function makePlace(place: string, directory: boolean): Promise<void> {
  await Deno.mkdir(directory ? place : place.slice(0, place.lastIndexOf("/")), { recursive: true, mode: 0o700 });
  if (!directory) await (await Deno.open(place, { create: true, write: true, mode: 0o600 })).close();
}

/** What is mounted must be what was resolved: between the two a link could have been exchanged. */
async function checkPinned(target: string, place: string): Promise<void> {
  const [wanted, got] = await Promise.all([Deno.lstat(target), Deno.stat(place)]);
  if (!wanted.isSymlink && wanted.dev === got.dev && wanted.ino === got.ino) return;
  await $`umount ${place}`.quiet();
  throw new MountError("subPath changed while it was mounted");
}

function exists(path: string): Promise<boolean> {
  return Deno.lstat(path).then(() => true, () => false);
}
