/** `emptyDir`: a folder, or memory, that lives as long as its pod. */
import $ from "dax";
import { unitsOf } from "../../../runtime/schema/quantity.ts";
import { lastingContainersOf, type Pod, specOf } from "../pod/pod.ts";
import { isMountPoint } from "./mounts.ts";
import { MountError } from "./payload.ts";

export interface EmptyDir {
  readonly medium?: string;
  readonly sizeLimit?: string | number;
}

export interface EmptyDirFacts {
  readonly group?: number;
  /** Memory that the pod may have at most. */
  readonly memoryLimitBytes?: number;
}

/**
 * Anybody may write, as upstream has it; with an fsGroup the group owns it and new files inherit it. Rights are given once:
 * what the pod makes of its folder later is its own affair.
 */
export async function prepareEmptyDir(path: string, source: EmptyDir, facts: EmptyDirFacts = {}): Promise<string> {
  const { medium = "" } = source;
  if (medium === "") return await makeFolder(path, facts.group);
  await Deno.mkdir(path, { recursive: true, mode: 0o777 });
  if (await isMountPoint(path)) return path;
  const [type, options] = memoryMount(source, facts);
  await $`mount -t ${type} -o ${options.join(",")} ${type} ${path}`.quiet();
  return path;
}

/** Made aside and renamed, so that a folder that is there has its rights. */
async function makeFolder(path: string, group: number | undefined): Promise<string> {
  const present = await Deno.lstat(path).catch(() => undefined);
  if (present?.isDirectory) return path;
  const fresh = `${path}~new`;
  await Deno.mkdir(fresh, { recursive: true });
  if (group !== undefined) await Deno.chown(fresh, null, group);
  await Deno.chmod(fresh, group === undefined ? 0o777 : 0o2777);
  await Deno.rename(fresh, path);
  return path;
}

/** The file system's type and its mount options. Pure. */
export function memoryMount(
  { medium = "", sizeLimit }: EmptyDir,
  { group, memoryLimitBytes }: EmptyDirFacts,
): [type: string, options: string[]] {
  const rights = group === undefined ? ["mode=0777"] : ["mode=02777", `gid=${group}`];
  const limits = [sizeLimit === undefined ? undefined : unitsOf(String(sizeLimit)), memoryLimitBytes]
    .filter((limit) => limit !== undefined && limit > 0) as number[];
  const size = limits.length > 0 ? [`size=${Math.min(...limits)}`] : [];
  if (medium === "Memory") return ["tmpfs", [...size, ...rights]];
  const [, pageSize] = /^HugePages(?:-(\d+[MG])i)?$/.exec(medium) ?? [undefined, undefined];
  if (!medium.startsWith("HugePages")) throw new MountError(`unknown storage medium "${medium}"`);
  return ["hugetlbfs", [`pagesize=${pageSize ?? "2M"}`, ...rights]];
}

/** The pod's own limit, or the sum of its containers' where each has one, else all that the node gives. Pure. */
export function memoryLimitOf(pod: Pod, nodeMemory: string | undefined): number | undefined {
  const whole = specOf(pod).resources?.limits?.memory;
  if (whole !== undefined) return unitsOf(String(whole));
  const limits = lastingContainersOf(pod).map(({ resources }) => unitsOf(String(resources?.limits?.memory ?? "0")));
  if (limits.length > 0 && limits.every((limit) => limit > 0)) return limits.reduce((sum, limit) => sum + limit, 0);
  return nodeMemory === undefined ? undefined : unitsOf(nodeMemory);
}
