/**
 * What a machine must have to be a node or a master, judged from facts: pure, so that each message is tested without the
 * machine that would cause it. A `problem` stops the start; a `notice` does not. Each names its remedy.
 */

export interface PortFact {
  readonly port: number;
  /** `API server`, `kubelet` */
  readonly purpose: string;
  /** `nginx (process 812)`; absent when the port is free. */
  readonly heldBy?: string;
}

export interface HostFacts {
  readonly root: boolean;
  readonly system: SystemFacts;
  readonly ports: readonly PortFact[];
  readonly dataDir: { readonly path: string; readonly freeBytes: number };
  /** Programs by name: where they are, or nothing. */
  readonly programs: Readonly<Record<string, string | undefined>>;
  readonly cni: { readonly dir: string; readonly missing: readonly string[] };
  readonly docker: DockerFacts;
  readonly kernel: KernelFacts;
  readonly nowMs: number;
}

export interface SystemFacts {
  /** `ID` and `ID_LIKE` of os-release(5). */
  readonly ids: readonly string[];
  readonly name: string;
  /** systemd runs as the service manager. */
  readonly systemd: boolean;
}

export interface DockerFacts {
  readonly host: string;
  readonly reachable: boolean;
  readonly error?: string;
}

export interface KernelFacts {
  readonly release: string;
  /** Controllers of /proc/cgroups that are enabled. */
  readonly cgroups: readonly string[];
  /** Like the next: or it will be, once it is needed. */
  readonly overlayfs: boolean;
  /** Bridged packets meet iptables (br_netfilter). */
  readonly bridgeNetfilter: boolean;
  readonly ipForward: boolean;
  /** Last line of what `iptables -t nat -S` complained about. */
  readonly iptablesError?: string;
}

export interface Finding {
  readonly level: "problem" | "notice";
  readonly what: string;
  readonly remedy: string;
}

/** Needed by the half that runs containers; the master alone needs nothing installed. */
export interface Role {
  readonly node: boolean;
}

type Check = (facts: HostFacts, role: Role) => Finding | readonly Finding[] | undefined;

const problem = (what: string, remedy: string): Finding => ({ level: "problem", what, remedy });
const notice = (what: string, remedy: string): Finding => ({ level: "notice", what, remedy });

const gibibyte = 2 ** 30;
/** When this was written: no clock that is right shows less. */
const earliestMs = Date.parse("2026-01-01T00:00:00Z");

const checks: readonly Check[] = [
  ({ root }, { node }) =>
    root || !node ? undefined : problem("you are not root, and containers, networks and mounts need it", "use sudo"),
  ({ ports }) => ports.filter(({ heldBy }) => heldBy).map(portTaken),
  ({ dataDir: { path, freeBytes } }) =>
    freeBytes < gibibyte / 4
      ? problem(`only ${megabytes(freeBytes)} are free for ${path}`, "make room, or name another place with --data-dir")
      : undefined,
  ({ dataDir: { path, freeBytes } }) =>
    freeBytes >= gibibyte / 4 && freeBytes < 2 * gibibyte
      ? notice(`only ${megabytes(freeBytes)} are free for ${path}`, "images and logs soon take more: make room")
      : undefined,
  ({ nowMs }) =>
    nowMs < earliestMs
      ? problem(
        `the clock says ${new Date(nowMs).toISOString()}`,
        "set it (timedatectl set-ntp true): certificates need it",
      )
      : undefined,
  ({ kernel }, { node }) => {
    const missing = ["cpu", "memory", "pids"].filter((name) => !kernel.cgroups.includes(name));
    if (!node || missing.length === 0) return undefined;
    const remedy = "mount cgroups (Debian: apt-get install cgroupfs-mount), or boot with cgroup_enable=memory";
    return problem(`the cgroup controllers ${missing.join(", ")} are not there`, remedy);
  },
  ({ kernel, programs }, { node }) =>
    node && programs.iptables && kernel.iptablesError
      ? problem(
        `iptables does not work: ${kernel.iptablesError}`,
        "load the modules (modprobe ip_tables iptable_nat), as root",
      )
      : undefined,
  ({ kernel }, { node }) =>
    node && !kernel.overlayfs
      ? notice("the kernel has no overlayfs", "modprobe overlay: docker is slow without")
      : undefined,
  ({ kernel }, { node }) =>
    node && !kernel.bridgeNetfilter
      ? notice(
        "bridged packets do not meet iptables",
        "modprobe br_netfilter: else pods can't reach Services on their own node",
      )
      : undefined,
];

/** In the order in which a person should deal with them. */
export function judgeHost(facts: HostFacts, role: Role): Finding[] {
  return checks.flatMap((check) => check(facts, role) ?? []);
}

function portTaken({ port, purpose, heldBy }: PortFact): Finding {
  const flag = purpose === "kubelet" ? "--kubelet-port" : "--port";
  return problem(`port ${port}, for the ${purpose}, is in use by ${heldBy}`, `stop it, or choose another with ${flag}`);
}

function megabytes(bytes: number): string {
  return `${Math.floor(bytes / 2 ** 20)} MB`;
}
