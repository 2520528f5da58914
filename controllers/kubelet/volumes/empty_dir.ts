/** `emptyDir`: a folder, or memory, that lives as long as its pod. */
import $ from "dax";
import { unitsOf } from "../../../runtime/schema/quantity.ts";

export interface EmptyDir {
  readonly medium?: string;
  readonly sizeLimit?: string | number;
}

/** Anybody may write, as upstream has it; with an fsGroup the group owns it and new files inherit it. */
export async function prepareEmptyDir(path: string, { medium, sizeLimit }: EmptyDir, group?: number): Promise<string> {
  await Deno.mkdir(path, { recursive: true, mode: 0o777 });
  if (medium === "Memory" && !await isMountPoint(path)) {
    const size = sizeLimit === undefined ? [] : ["-o", `size=${unitsOf(String(sizeLimit))}`];
    await $`mount -t tmpfs ${size} tmpfs ${path}`.quiet();
  }
  if (group !== undefined) await Deno.chown(path, null, group);
  await Deno.chmod(path, group === undefined ? 0o777 : 0o2777);
  return path;
}

async function isMountPoint(path: string): Promise<boolean> {
  return (await mountPoints(path)).includes(path);
}

/** Mount points at and below a folder, deepest first. */
export async function mountPoints(folder: string): Promise<string[]> {
  const table = await Deno.readTextFile("/proc/self/mountinfo");
  const points = table.split("\n").map((line) => unescape(line.split(" ")[4] ?? ""));
  return points.filter((point) => point === folder || point.startsWith(`${folder}/`))
    .sort((a, b) => b.length - a.length);
}

/** The kernel writes blanks and backslashes in octal. */
function unescape(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
}

/** Takes every mount at and below the folder away. */
export async function unmountBelow(folder: string): Promise<void> {
  for (const point of await mountPoints(folder)) await $`umount ${point}`.quiet();
}
