/** `recursiveReadOnly`: a mount whose submounts cannot be written either (KEP-3857). docker before 25 protects the top only. */
import $ from "dax";
import { isMountPoint, mountPoints } from "./mounts.ts";

/** Returns the path to give to docker. */
export async function pinReadOnly(source: string, place: string): Promise<string> {
  if (await isMountPoint(place)) return place;
  await Deno.mkdir(place, { recursive: true, mode: 0o700 });
  await $`mount --rbind --make-rprivate ${source} ${place}`.quiet();
  for (const point of await mountPoints(place)) await $`mount -o remount,bind,ro ${point}`.quiet();
  return place;
}
