/**
 * The shape of what this agent honours of a KubeletConfiguration, with what holds where the file says nothing. A duration of
 * zero says nothing, as kubeadm writes it. What else a file has is dropped here and named by `configuration.ts`.
 *
 * Source: kubelet.config.k8s.io/v1beta1; defaults are upstream's unless a line says why not.
 */
import { z } from "zod";
import { parseQuantity, unitsOf } from "../../../runtime/schema/quantity.ts";
import { durationText, isDuration, msOf } from "./duration.ts";

const duration = (byDefault: string) =>
  z.string().refine(isDuration, "must be a duration such as 1m30s").default("0s").transform((text) =>
    msOf(text) === 0 ? byDefault : durationText(msOf(text))
  );

const quantity = z.union([z.string(), z.number()]).transform(String).refine(isQuantity, {
  error: "must be a quantity such as 500Mi, and not negative",
  abort: true,
});

function isQuantity(text: string): boolean {
  try {
    return parseQuantity(text).nano >= 0n;
  } catch {
    return false;
  }
}

const count = z.int().min(0, "must be 0 or more");
const percent = count.max(100, "must be between 0 and 100");
const always = <T extends boolean | string | number>(value: T, why: string) => z.literal(value, why).default(value);
const reserved = z.partialRecord(z.enum(["cpu", "memory", "ephemeral-storage", "pid"]), quantity).default({});
const signals = z.record(z.string(), z.string());

const taint = z.strictObject({
  key: z.string().min(1),
  value: z.string().optional(),
  effect: z.enum(["NoSchedule", "PreferNoSchedule", "NoExecute"]),
});

/** What of the machine could be held to what is reserved for it: nobody does here. */
export const reservedParts = [
  "system-reserved",
  "kube-reserved",
  "system-reserved-compressible",
  "kube-reserved-compressible",
] as const;

const shutdownGrace = z.strictObject({ priority: z.int(), shutdownGracePeriodSeconds: count });

const authentication = z.object({
  anonymous: z.object({ enabled: always(false, "nobody is answered without a credential") }).prefault({}),
  webhook: z.object({ enabled: always(true, "the API server is always asked about bearer tokens") }).prefault({}),
});

const authorization = z.object({
  mode: always("Webhook", "the API server is always asked who may do what"),
});

/** Sizes that pods may take before others are told that the node is short. Disk: an amount, so that a large disk is used. */
export const defaultEvictionHard: Readonly<Record<string, string>> = {
  "memory.available": "100Mi",
  "nodefs.available": "1Gi",
  "nodefs.inodesFree": "5%",
  "imagefs.available": "1Gi",
  "imagefs.inodesFree": "5%",
  "pid.available": "5%",
};

export const schema = z.object({
  staticPodPath: z.string().regex(/^(\/.*)?$/, "must be an absolute path").default(""),
  clusterDNS: z.array(z.union([z.ipv4(), z.ipv6()])).optional(),
  clusterDomain: z.string().regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, "must be a DNS name").default("cluster.local"),
  resolvConf: z.string().default("/etc/resolv.conf"),
  readOnlyPort: always(0, "nothing is served without TLS and a credential"),
  authentication: authentication.prefault({}),
  authorization: authorization.prefault({}),

  nodeStatusUpdateFrequency: duration("10s"),
  nodeStatusReportFrequency: duration("5m0s"),
  nodeLeaseDurationSeconds: count.default(0).transform((seconds) => seconds || 40),
  nodeStatusMaxImages: z.int().min(-1, "must be -1 (all) or more").default(50),
  registerWithTaints: z.array(taint).default([]),
  maxPods: count.default(0).transform((pods) => pods || 110),
  podsPerCore: count.default(0),
  systemReserved: reserved,
  kubeReserved: reserved,

  /** A group for each pod, and one for each class of them. */
  cgroupsPerQOS: z.boolean().default(true),
  cgroupRoot: z.string().regex(/^(\/[A-Za-z0-9_.-]+)*\/?$/, "must be an absolute path").default(""),
  enforceNodeAllocatable: z.array(z.enum(["pods", "none", ...reservedParts])).default(["pods"]),
  /** Processes that lack memory end one by one; version 1 of control groups knows nothing else. */
  singleProcessOOMKill: z.boolean().default(false),
  podPidsLimit: z.int().min(-1, "must be -1 (no limit) or more").default(-1),
  seccompDefault: z.boolean().default(true),
  allowedUnsafeSysctls: z.array(
    z.string().regex(
      /^(kernel\.(shm|msg|sem)|fs\.mqueue\.|net\.)[a-z0-9_./-]*\*?$/,
      "must be a sysctl of a pod's own namespaces (kernel.shm*, kernel.msg*, kernel.sem, fs.mqueue.*, net.*)",
    ),
  ).default([]),
  containerLogMaxSize: quantity.refine((text) => unitsOf(text) > 0, "must be more than 0").default("10Mi"),
  enableSystemLogHandler: z.boolean().default(true),
  containerLogMaxFiles: z.int().min(2, "must be greater than 1").default(5),

  /** Upstream pulls one by one unless told otherwise. */
  serializeImagePulls: z.boolean().default(false),
  maxParallelImagePulls: z.int().min(1, "must be 1 or more").optional(),
  imagePullCredentialsVerificationPolicy: z.enum([
    "NeverVerify",
    "NeverVerifyPreloadedImages",
    "NeverVerifyAllowlistedImages",
    "AlwaysVerify",
  ]).default("NeverVerifyPreloadedImages"),
  preloadedImagesVerificationAllowlist: z.array(z.string().min(1)).default([]),
  imageGCHighThresholdPercent: percent.default(85),
  imageGCLowThresholdPercent: percent.default(80),
  imageMinimumGCAge: duration("2m0s"),
  imageMaximumGCAge: duration("0s"),

  evictionHard: signals.optional(),
  evictionSoft: signals.default({}),
  evictionSoftGracePeriod: z.record(z.string(), z.string().refine(isDuration, "must be a duration such as 1m30s"))
    .default({}),
  evictionMinimumReclaim: signals.default({}),
  evictionPressureTransitionPeriod: duration("5m0s"),
  evictionMaxPodGracePeriod: z.int().default(0),
  mergeDefaultEvictionSettings: z.boolean().default(false),

  shutdownGracePeriod: duration("0s"),
  shutdownGracePeriodCriticalPods: duration("0s"),
  shutdownGracePeriodByPodPriority: z.array(shutdownGrace).default([]),
});

export type NodeConfiguration = z.output<typeof schema>;

/** What is so whatever a file says; who says the same is not told that nobody listens. */
export const holdsAnyway: Readonly<Record<string, unknown>> = {
  enableServer: true,
  enableDebuggingHandlers: true,
  enableControllerAttachDetach: true,
  registerNode: true,
  rotateCertificates: true,
  makeIPTablesUtilChains: true,
  failSwapOn: false,
  hairpinMode: "promiscuous-bridge",
  localStorageCapacityIsolation: true,
  cpuManagerPolicy: "none",
  memoryManagerPolicy: "None",
  topologyManagerPolicy: "none",
  cpuCFSQuota: true,
  tlsMinVersion: "VersionTLS12",
};
