/** Makes, changes and takes away control groups by whichever hand docker's own driver trusts: the kernel's files, or systemd. */
import type { ResourceLimits } from "../../../runtime/engine/mod.ts";
import type { CgroupFolders } from "./cgroup_folders.ts";
import { folderOf, type GroupPath, type GroupPlace, sliceOf } from "./group.ts";
import { changeSlice, makeSlice, stopSlice } from "./slices.ts";

export interface GroupTree {
  readonly place: GroupPlace;
  /** Whether it was not there: only then it gets the limits. Throws `NotFound` when what it stands in isn't there. */
  make(path: GroupPath, limits: ResourceLimits): Promise<boolean>;
  change(path: GroupPath, limits: ResourceLimits): Promise<void>;
  /** Those that have an order; `undefined` when it isn't there. */
  read(path: GroupPath): Promise<ResourceLimits | undefined>;
  /** Throws when something still runs there. */
  remove(path: GroupPath): Promise<void>;
  /** Unless there is something in it. */
  removeEmpty(path: GroupPath): Promise<void>;
}

export function groupTree(place: GroupPlace, folders: CgroupFolders): GroupTree {
  const folder = (path: GroupPath) => folderOf(place, path);
  const read = (path: GroupPath) => folders.read(folder(path));
  const { version } = folders;
  if (place.driver === "cgroupfs") {
    return {
      ...{ place, read },
      async make(path, limits) {
        const made = await folders.make(folder(path));
        if (made) await folders.write(folder(path), limits);
        return made;
      },
      change: (path, limits) => folders.write(folder(path), limits),
      remove: (path) => folders.remove(folder(path)),
      removeEmpty: (path) => folders.removeEmpty(folder(path)),
    };
  }
  return {
    ...{ place, read },
    make: (path, limits) => makeSlice(sliceOf(path), version, limits),
    change: (path, limits) => changeSlice(sliceOf(path), version, limits),
    async remove(path) {
      if (await read(path) !== undefined) await stopSlice(sliceOf(path));
      // Hierarchies of version 1 that systemd leaves alone.
      await folders.remove(folder(path));
    },
    async removeEmpty(path) {
      if (await folders.isEmpty(folder(path)).catch(() => false)) await this.remove(path);
    },
  };
}
