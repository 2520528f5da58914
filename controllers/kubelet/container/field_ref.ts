/** The downward API's `fieldRef`, for variables and for volumes. Pure. */
import { type Pod, specOf } from "../pod/pod.ts";

export interface FieldFacts {
  readonly pod: Pod;
  readonly podIps: readonly string[];
  readonly hostIps: readonly string[];
}

/** Empty for what the pod doesn't have. Validation has refused paths that are not known. */
export function fieldValue(path: string, { pod, podIps, hostIps }: FieldFacts): string {
  const { metadata } = pod;
  const spec = specOf(pod);
  const keyed = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(path);
  if (keyed) return metadata[keyed[1] as "labels" | "annotations"]?.[keyed[2]!] ?? "";
  const values: Record<string, () => string | undefined> = {
    "metadata.name": () => metadata.name,
    "metadata.namespace": () => metadata.namespace,
    "metadata.uid": () => metadata.uid,
    "metadata.labels": () => keyValueLines(metadata.labels),
    "metadata.annotations": () => keyValueLines(metadata.annotations),
    "spec.nodeName": () => spec.nodeName,
    "spec.serviceAccountName": () => spec.serviceAccountName,
    "status.podIP": () => podIps[0],
    "status.podIPs": () => podIps.join(","),
    "status.hostIP": () => hostIps[0],
    "status.hostIPs": () => hostIps.join(","),
  };
  return values[path]?.() ?? "";
}

/** Whether the value is known only once the network is. */
export function needsPodIp(path: string): boolean {
  return path.startsWith("status.podIP");
}

/** `key="escaped value"`, sorted, one a line. */
function keyValueLines(map: Readonly<Record<string, string>> = {}): string {
  return Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) =>
    `${key}=${JSON.stringify(value)}`
  )
    .join("\n");
}
