/**
 * `fsGroup`: a volume belongs to a group, which may do what the owner may; new files inherit the group. Containers may share
 * the volume while this runs, so no symlink is followed.
 */
import { type Held, holdEntryIn, holdFolder, holdFolderIn } from "./inside_folder.ts";

export type ChangePolicy = "Always" | "OnRootMismatch";

export interface GroupOwnership {
  readonly group: number;
  readonly policy?: ChangePolicy;
}

const groupMay = 0o660;
const groupEnters = 0o110;
const inheritGroup = 0o2000;

export async function ownByGroup(folder: string, { group, policy = "Always" }: GroupOwnership): Promise<void> {
  const root = await Deno.stat(folder);
  if (policy === "OnRootMismatch" && root.gid === group && isGroupFolder(root.mode ?? 0)) return;
  await using held = await holdFolder(folder);
  await ownFolder(held, group);
}

function isGroupFolder(mode: number): boolean {
  const wanted = groupMay | groupEnters | inheritGroup;
  return (mode & wanted) === wanted;
}

/** The folder itself comes last: a death on the way leaves a root that does not match. */
async function ownFolder(folder: Held, group: number): Promise<void> {
  for await (const { name, isDirectory, isFile } of Deno.readDir(folder.path)) {
    if (isDirectory) {
      await using below = await holdFolderIn(folder, name);
      await ownFolder(below, group);
    } else if (isFile) {
      await using file = await holdEntryIn(folder, name);
      await own(file, group, groupMay);
    }
  }
  await own(folder, group, groupMay | groupEnters | inheritGroup);
}

async function own({ path }: Held, group: number, add: number): Promise<void> {
  const { gid, mode } = await Deno.stat(path);
  const wanted = (mode ?? 0) & 0o7777 | add;
  if (gid !== group) await Deno.chown(path, null, group);
  // A change of the group takes set-group-id away.
  if (gid !== group || ((mode ?? 0) & 0o7777) !== wanted) await Deno.chmod(path, wanted);
}
