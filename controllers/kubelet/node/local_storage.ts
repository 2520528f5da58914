/**
 * Pods that took more of the node's disk than they may: a volume, the pod as a whole, or one container. Pure.
 *
 * Source: Kubernetes docs, "Local ephemeral storage", how limits are enforced.
 */
import { unitsOf } from "../../../runtime/schema/quantity.ts";
import { type Container, type Pod, specOf } from "../pod/pod.ts";

/** Bytes on disk, by name. */
export interface DiskUse {
  /** Its own layer and its logs. */
  readonly containers: ReadonlyMap<string, number>;
  /** emptyDir volumes that are not in memory. */
  readonly volumes: ReadonlyMap<string, number>;
}

const resource = "ephemeral-storage";

export function hasDiskLimit(pod: Pod): boolean {
  const { containers, volumes = [] } = specOf(pod);
  return containers.some((one) => limitOf(one) !== undefined) || volumes.some(isLimitedOnDisk);
}

/** In which words the pod must go; the first reason counts. */
export function overfull(pod: Pod, use: DiskUse): string | undefined {
  return overfullVolume(pod, use) ?? overfullPod(pod, use) ?? overfullContainer(pod, use);
}

type Volume = NonNullable<ReturnType<typeof specOf>["volumes"]>[number];

function isLimitedOnDisk({ emptyDir }: Volume): boolean {
  return emptyDir?.sizeLimit !== undefined && !emptyDir.medium && unitsOf(String(emptyDir.sizeLimit)) > 0;
}

function overfullVolume(pod: Pod, { volumes }: DiskUse): string | undefined {
  const found = specOf(pod).volumes?.find((volume) =>
    isLimitedOnDisk(volume) && (volumes.get(volume.name) ?? 0) > unitsOf(String(volume.emptyDir!.sizeLimit))
  );
  return found && `Usage of EmptyDir volume "${found.name}" exceeds the limit "${found.emptyDir!.sizeLimit}". `;
}

function overfullPod(pod: Pod, { containers, volumes }: DiskUse): string | undefined {
  const limits = specOf(pod).containers.map(limitOf).filter((limit) => limit !== undefined);
  const limit = limits.reduce((sum, one) => sum + unitsOf(one), 0);
  const used = [...containers.values(), ...volumes.values()].reduce((sum, bytes) => sum + bytes, 0);
  if (limits.length === 0 || used <= limit) return undefined;
  return `Pod ephemeral local storage usage exceeds the total limit of containers ${inWords(limits, limit)}. `;
}

function overfullContainer(pod: Pod, { containers }: DiskUse): string | undefined {
  const found = specOf(pod).containers.find((container) => {
    const limit = limitOf(container);
    return limit !== undefined && (containers.get(container.name) ?? 0) > unitsOf(limit);
  });
  return found && `Container ${found.name} exceeded its local ephemeral storage limit "${limitOf(found)}". `;
}

function limitOf({ resources }: Container): string | undefined {
  const limit = resources?.limits?.[resource];
  return limit === undefined ? undefined : String(limit);
}

/** One limit as it was written, a sum in the largest unit that it is whole in. */
function inWords([first, ...more]: readonly string[], sum: number): string {
  if (more.length === 0) return first!;
  const units = ["", "Ki", "Mi", "Gi", "Ti"];
  const power = units.findLastIndex((_, at) => sum % 1024 ** at === 0);
  return `${sum / 1024 ** power}${units[power]}`;
}
