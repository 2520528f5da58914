/**
 * The control groups of a node and of its pods, by name. Pure.
 *
 *     kubepods                        what pods may use together
 *     ├── pod<uid>                    a Guaranteed pod
 *     ├── burstable/pod<uid>
 *     └── besteffort/pod<uid>
 *
 * Docker makes a container's group in its pod's. With docker's systemd driver every level is a slice, which bears the names
 * of those above it.
 *
 * Source: Kubernetes docs, "Reserve Compute Resources for System Daemons", recommended cgroups setup.
 */
import { qosClassOf } from "../../../runtime/schema/mod.ts";
import { type Pod, specOf } from "../pod/pod.ts";

export type GroupDriver = "cgroupfs" | "systemd";

/** Names from the root on, as the cgroupfs driver has them. */
export type GroupPath = readonly string[];

export type QosGroup = "burstable" | "besteffort";

export interface GroupPlace {
  readonly driver: GroupDriver;
  /** What stands above `kubepods`. */
  readonly root: GroupPath;
}

/** `/` and empty: nothing is above. */
export function pathOf(cgroupRoot: string): GroupPath {
  return cgroupRoot.split("/").filter(Boolean);
}

export function topGroup({ root }: GroupPlace): GroupPath {
  return [...root, "kubepods"];
}

export function qosGroup(place: GroupPlace, name: QosGroup): GroupPath {
  return [...topGroup(place), name];
}

export function podGroup(place: GroupPlace, pod: Pod): GroupPath {
  const qos = qosClassOf(specOf(pod));
  const own = `pod${pod.metadata.uid}`;
  return qos === "Guaranteed" ? [...topGroup(place), own] : [...qosGroup(place, qosNames[qos]), own];
}

const qosNames = { Burstable: "burstable", BestEffort: "besteffort" } as const;

/** Wherever a pod of which no more is known may have had its group. */
export function groupsOfUid(place: GroupPlace, uid: string): GroupPath[] {
  return [topGroup(place), ...Object.values(qosNames).map((name) => qosGroup(place, name))]
    .map((above) => [...above, `pod${uid}`]);
}

/** Below the folder of each controller. */
export function folderOf({ driver }: GroupPlace, path: GroupPath): string {
  return driver === "cgroupfs" ? path.join("/") : path.map((_, i) => sliceOf(path.slice(0, i + 1))).join("/");
}

/** As docker wants to be told where a container's group belongs. */
export function parentOf({ driver }: GroupPlace, path: GroupPath): string {
  return driver === "cgroupfs" ? `/${path.join("/")}` : sliceOf(path);
}

/** A dash stands for a level, so that a name may have none. (systemd.slice(5)) */
export function sliceOf(path: GroupPath): string {
  return `${path.map((name) => name.replaceAll("-", "_")).join("-")}.slice`;
}
