/** What a node agent is told when it is made. */
import type { Authenticator, Authorizer } from "../../runtime/auth/user.ts";
import type { ReadConfiguration } from "./configuration/mod.ts";
import type { MachineShutdown } from "./shutdown/machine_shutdown.ts";
import type { Engine } from "../../runtime/engine/mod.ts";

export interface KubeletOptions {
  readonly nodeName: string;
  readonly nodeIp: string;
  /** Pods' folders and the agent's records. Default `/var/lib/d8s/kubelet`. */
  readonly rootDir?: string;
  /**
   * The name by which plugins and their manifests know `rootDir`, upstream's `/var/lib/kubelet`; a link to it is made where
   * nothing is. Absent: they know it by its own name.
   */
  readonly wellKnownDir?: string;
  /** Volumes that the local provisioner keeps on this node. Default `/var/lib/d8s/volumes`. */
  readonly localVolumesDir?: string;
  readonly engine: Engine;
  /** Default `/etc/cni/net.d`. */
  readonly cniConfDir?: string;
  /** Default `/opt/cni/bin` and `/usr/lib/cni`. */
  readonly cniBinDirs?: readonly string[];
  /** Name servers of pods, unless the configuration names some. */
  readonly clusterDns?: readonly string[];
  /** Absent: what holds without a file. */
  readonly configuration?: ReadConfiguration;
  /** Asked when the configuration gives pods time at a shutdown. Default: systemd-logind. */
  readonly machineShutdown?: MachineShutdown;
  /** Absent: nothing listens. */
  readonly server?: KubeletServerOptions;
  /** Image archives to load at the start. */
  readonly imagesDir?: string;
  /** Labels of the Node beside those that say what it is. */
  readonly nodeLabels?: Readonly<Record<string, string>>;
}

export interface KubeletServerOptions {
  readonly hostname?: string;
  /** 0 takes a free one. Default 10250. */
  readonly port?: number;
  readonly key: string;
  readonly cert: string;
  /** Client certificates that this authority signed are believed. */
  readonly clientCa: string;
  readonly authenticate: Authenticator;
  readonly authorize: Authorizer;
}

export const defaults = {
  rootDir: "/var/lib/d8s/kubelet",
  localVolumesDir: "/var/lib/d8s/volumes",
  cniConfDir: "/etc/cni/net.d",
  cniBinDirs: ["/opt/cni/bin", "/usr/lib/cni"],
  clusterDns: ["10.96.0.10"],
  port: 10250,
} as const;

/** What this kubelet says it is: the release of Kubernetes whose ways it keeps. */
export const kubeletVersion = "v1.36.0+d8s";
