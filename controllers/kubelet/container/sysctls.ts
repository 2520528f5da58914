/**
 * Kernel parameters of a pod: those that its namespaces keep to themselves may be set, others would change the node. Pure.
 *
 * Source: Kubernetes documentation, "Using sysctls in a Kubernetes Cluster", the safe set.
 */
import { type Pod, specOf } from "../pod/pod.ts";

const safe = new Set([
  "kernel.shm_rmid_forced",
  "net.ipv4.ip_local_port_range",
  "net.ipv4.tcp_syncookies",
  "net.ipv4.ping_group_range",
  "net.ipv4.ip_unprivileged_port_start",
  "net.ipv4.ip_local_reserved_ports",
  "net.ipv4.tcp_keepalive_time",
  "net.ipv4.tcp_fin_timeout",
  "net.ipv4.tcp_keepalive_intvl",
  "net.ipv4.tcp_keepalive_probes",
  "net.ipv4.tcp_rmem",
  "net.ipv4.tcp_wmem",
]);

/** Dots between the parts, whichever of the two ways it was written. */
function nameOf(sysctl: string): string {
  const firstSlash = sysctl.indexOf("/");
  const firstDot = sysctl.indexOf(".");
  if (firstSlash < 0 || (firstDot >= 0 && firstDot < firstSlash)) return sysctl;
  return sysctl.replaceAll(/[./]/g, (mark) => mark === "/" ? "." : "/");
}

/** The first one that the pod may not set: neither safe nor `allowed`, or of a namespace that it shares with the node. */
export function forbiddenSysctl(pod: Pod, allowed: readonly string[]): string | undefined {
  const { securityContext, hostNetwork, hostIPC } = specOf(pod);
  const found = securityContext?.sysctls?.find((sysctl) => {
    const name = nameOf(sysctl.name);
    const known = safe.has(name) || allowed.some((pattern) => matches(nameOf(pattern), name));
    return !known || (name.startsWith("net.") ? hostNetwork : hostIPC);
  });
  return found?.name;
}

function matches(pattern: string, name: string): boolean {
  return pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

export interface PodSysctls {
  /** Of the IPC namespace: the engine sets them. */
  readonly ipc: Readonly<Record<string, string>>;
  /** Of the network namespace: set once the sandbox has one of its own. */
  readonly net: Readonly<Record<string, string>>;
}

export function sysctlsOf(pod: Pod): PodSysctls {
  const all = (specOf(pod).securityContext?.sysctls ?? []).map(({ name, value }) => [nameOf(name), value] as const);
  const isNet = ([name]: readonly [string, string]) => name.startsWith("net.");
  return {
    ipc: Object.fromEntries(all.filter((one) => !isNet(one))),
    net: Object.fromEntries(all.filter(isNet)),
  };
}
