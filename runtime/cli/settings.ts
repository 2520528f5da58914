/**
 * What a person can choose, and what holds when he does not. Flags and the config file use the same names; a flag wins
 * over the file. Everything that the process touches on its machine comes from here, so that several clusters can live on
 * one machine.
 */
import { z } from "zod";
import { type Resource, resourcesNamed } from "../schema/mod.ts";
import { type AuditSettings, auditSettings, auditShape } from "./audit_settings.ts";

const dnsLabel = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;
const absolute = z.string().regex(/^\//, "must be an absolute path");
const port = z.coerce.number("must be a port number").int("must be a port number").min(1, "must be 1 or more")
  .max(65535, "must be 65535 or less");

const count = z.coerce.number("must be a whole number").int("must be a whole number").min(0, "must be 0 or more");

/** With commas between, as upstream's flags. */
const names = z.string().optional().transform((text) =>
  (text ?? "").split(",").map((name) => name.trim()).filter(Boolean)
);

const oneOrBothFamilies = z.string().refine((text) => {
  const [v4, v6, ...more] = text.split(",");
  const isV6 = v6 === undefined || z.cidrv6().safeParse(v6).success;
  return z.cidrv4().safeParse(v4).success && isV6 && more.length === 0;
}, "must be an IPv4 range; an IPv6 range may follow after a comma");

/** Built-in kinds that are not served unless they are asked for. */
function optional(text: string, context: z.RefinementCtx): readonly Resource[] {
  try {
    return resourcesNamed(text);
  } catch (error) {
    context.addIssue((error as Error).message);
    return z.NEVER;
  }
}

function prefixLength(most: number) {
  return z.coerce.number().int("must be a prefix length").min(1, "must be a prefix length").max(most);
}

/** Names as in `--data-dir` and `data-dir:`. */
export const settingsSchema = z.strictObject({
  "data-dir": absolute.default("/var/lib/d8s"),
  manifests: z.array(z.string().min(1)).optional(),
  "bind-address": z.ipv4().default("0.0.0.0"),
  port: port.default(6443),
  "kubelet-port": port.default(10250),
  "node-name": z.string().regex(dnsLabel, "must be a lower-case DNS name").optional(),
  "node-ip": z.ipv4().optional(),
  "pod-cidr": oneOrBothFamilies.optional(),
  "node-cidr-mask-size-ipv4": prefixLength(32).default(24),
  "node-cidr-mask-size-ipv6": prefixLength(128).default(64),
  "service-cidr": oneOrBothFamilies.default("10.96.0.0/16"),
  "load-balancer": z.enum(["nodes", "none"]).default("nodes"),
  store: z.string().regex(/^(sqlite|etcd)[:=]./, "must be sqlite:PATH or etcd=https://HOST:2379[,...]").optional(),
  "store-ca": absolute.optional(),
  "store-cert": absolute.optional(),
  "store-key": absolute.optional(),
  "encryption-provider-config": absolute.optional(),
  "authentication-config": absolute.optional(),
  "authorization-config": absolute.optional(),
  "enable-admission-plugins": names,
  "disable-admission-plugins": names,
  "admission-control-config-file": absolute.optional(),
  "runtime-config": z.string().default("").transform(optional),
  ...auditShape,
  "scheduler-config": absolute.optional(),
  "kubelet-config": absolute.optional(),
  "fake-nodes": count.max(9999, "must be 9999 or less").optional(),
  "docker-host": z.string().regex(/^(unix|tcp):\/\/./, "must be unix:///PATH or tcp://HOST:PORT").optional(),
  "cni-conf-dir": absolute.default("/etc/cni/net.d"),
  "cni-bin-dir": absolute.optional(),
  bridge: z.string().regex(/^[a-zA-Z0-9._-]{1,15}$/, "must be an interface name of at most 15 characters").default(
    "cni0",
  ),
  kubeconfig: absolute.optional(),
  install: z.boolean().default(true),
  verbose: z.boolean().default(false),
  server: z.url({ protocol: /^https$/, error: "must be https://HOST:PORT" }).optional(),
  token: z.string().min(1).optional(),
  "token-file": absolute.optional(),
});

export type RawSettings = z.input<typeof settingsSchema>;
export type SettingName = keyof z.infer<typeof settingsSchema>;

/** What the machine answers for what nobody chose. */
export interface MachineDefaults {
  readonly hostname: string;
  readonly ip: string;
  readonly home: string;
  readonly environment: { readonly KUBECONFIG?: string; readonly DOCKER_HOST?: string };
  /** Folders with CNI plugins in them, the best first. */
  readonly cniBinDirs: readonly string[];
}

export interface Settings {
  readonly dataDir: string;
  /** Absent: what the command finds fit. */
  readonly manifests?: readonly string[];
  readonly bindAddress: string;
  readonly port: number;
  readonly kubeletPort: number;
  readonly nodeName: string;
  readonly nodeIp: string;
  /** IPv4, and IPv6 where pods have both. */
  readonly podCidrs: readonly [string, ...string[]];
  /** Prefix lengths of one node's part of them. */
  readonly nodeBits: { readonly IPv4: number; readonly IPv6: number };
  /** Who serves Services of type LoadBalancer: the nodes' own addresses, or somebody else. */
  readonly loadBalancer: "nodes" | "none";
  readonly serviceCidr: string;
  /** `sqlite:PATH` or `etcd=URL,...` */
  readonly store: string;
  readonly storeTls: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  /** An EncryptionConfiguration; absent: values are stored as they are. */
  readonly encryptionConfig?: string;
  /** An AuthenticationConfiguration; absent: the cluster's own credentials alone. */
  readonly authenticationConfig?: string;
  /** An AuthorizationConfiguration; absent: Node, then RBAC. */
  readonly authorizationConfig?: string;
  /** Which plugins are on beside or without upstream's; `config`: an AdmissionConfiguration. */
  readonly admission: {
    readonly enable: readonly string[];
    readonly disable: readonly string[];
    readonly config?: string;
  };
  /** Built-in kinds that are served beside the usual ones. */
  readonly optional: readonly Resource[];
  /** Absent: nothing is written down. */
  readonly audit?: AuditSettings;
  /** A KubeSchedulerConfiguration; absent: upstream's defaults. */
  readonly schedulerConfig?: string;
  /** A KubeletConfiguration; absent: what the node does without one. */
  readonly kubeletConfig?: string;
  readonly dockerHost: string;
  readonly cniConfDir: string;
  readonly cniBinDir: string;
  readonly bridge: string;
  readonly kubeconfig: string;
  /** How many nodes are played that have no machine; then there is no real one, and no docker. Absent: none. */
  readonly fakeNodes?: number;
  /** May missing packages be installed? */
  readonly install: boolean;
  readonly verbose: boolean;
  /** The master that a node joins. */
  readonly server?: string;
  readonly token?: string;
  readonly tokenFile?: string;
}

export class SettingsError extends Error {
  override readonly name = "SettingsError";
}

/** Throws a `SettingsError` that names the flag. */
export function settingsFrom(raw: Record<string, unknown>, machine: MachineDefaults): Settings {
  const checked = settingsSchema.safeParse(raw);
  if (!checked.success) {
    const lines = checked.error.issues.map((issue) => `--${issue.path.join(".")}: ${issue.message}`);
    throw new SettingsError(lines.join("\n"));
  }
  const chosen = checked.data;
  const { environment } = machine;
  return {
    dataDir: chosen["data-dir"],
    manifests: chosen.manifests,
    bindAddress: chosen["bind-address"],
    port: chosen.port,
    kubeletPort: chosen["kubelet-port"],
    nodeName: chosen["node-name"] ?? machine.hostname.toLowerCase(),
    nodeIp: chosen["node-ip"] ?? machine.ip,
    podCidrs: (chosen["pod-cidr"] ?? podCidrFor(chosen["fake-nodes"] ?? 0)).split(",") as [string, ...string[]],
    nodeBits: { IPv4: chosen["node-cidr-mask-size-ipv4"], IPv6: chosen["node-cidr-mask-size-ipv6"] },
    loadBalancer: chosen["load-balancer"],
    serviceCidr: chosen["service-cidr"],
    store: chosen.store ?? `sqlite:${chosen["data-dir"]}/store.db`,
    storeTls: { ca: chosen["store-ca"], cert: chosen["store-cert"], key: chosen["store-key"] },
    encryptionConfig: chosen["encryption-provider-config"],
    authenticationConfig: chosen["authentication-config"],
    authorizationConfig: chosen["authorization-config"],
    admission: {
      enable: chosen["enable-admission-plugins"],
      disable: chosen["disable-admission-plugins"],
      config: chosen["admission-control-config-file"],
    },
    optional: chosen["runtime-config"],
    audit: auditSettings(chosen, chosen["data-dir"]),
    dockerHost: chosen["docker-host"] ?? environment.DOCKER_HOST ?? "unix:///var/run/docker.sock",
    cniConfDir: chosen["cni-conf-dir"],
    cniBinDir: chosen["cni-bin-dir"] ?? machine.cniBinDirs[0] ?? "/usr/lib/cni",
    bridge: chosen.bridge,
    schedulerConfig: chosen["scheduler-config"],
    kubeletConfig: chosen["kubelet-config"],
    fakeNodes: chosen["fake-nodes"],
    kubeconfig: chosen.kubeconfig ?? firstPath(environment.KUBECONFIG) ?? `${machine.home}/.kube/config`,
    install: chosen.install,
    verbose: chosen.verbose,
    server: chosen.server,
    token: chosen.token,
    tokenFile: chosen["token-file"],
  };
}

/** Each node gets a subnet of 256 addresses: room for all of them. */
function podCidrFor(nodes: number): string {
  return nodes <= 256 ? "10.244.0.0/16" : "10.128.0.0/9";
}

/** Of `KUBECONFIG=a:b`, kubectl changes the first. */
function firstPath(list: string | undefined): string | undefined {
  return list?.split(":").find(Boolean);
}

/** Address number `offset` of an IPv4 range. */
export function addressIn(cidr: string, offset: number): string {
  const [base = ""] = cidr.split("/");
  const number = base.split(".").reduce((sum, byte) => sum * 256 + Number(byte), 0) + offset;
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join(".");
}
