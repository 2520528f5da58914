/** The shape of a KubeSchedulerConfiguration. Source: kubescheduler.config.k8s.io/v1. */
import { z } from "zod";
import type { ConfigurationKind } from "../../../runtime/auth/structured/decoding.ts";
import { points } from "./plugin_table.ts";

const enabled = z.strictObject({ name: z.string().min(1), weight: z.int().optional() });
const pluginSet = z.strictObject({ enabled: z.array(enabled).optional(), disabled: z.array(enabled).optional() });
const pluginSets = z.strictObject(
  Object.fromEntries(["multiPoint", ...points].map((point) => [point, pluginSet.optional()])),
);

const profile = z.strictObject({
  schedulerName: z.string().optional(),
  percentageOfNodesToScore: z.int().optional(),
  plugins: pluginSets.optional(),
  pluginConfig: z.array(z.strictObject({ name: z.string(), args: z.record(z.string(), z.unknown()).optional() }))
    .default([]),
});

const extender = z.strictObject({
  urlPrefix: z.string().default(""),
  filterVerb: z.string().default(""),
  preemptVerb: z.string().default(""),
  prioritizeVerb: z.string().default(""),
  weight: z.int().default(0),
  bindVerb: z.string().default(""),
  enableHTTPS: z.boolean().default(false),
  tlsConfig: z.strictObject({
    insecure: z.boolean().default(false),
    serverName: z.string().optional(),
    certFile: z.string().optional(),
    keyFile: z.string().optional(),
    caFile: z.string().optional(),
    certData: z.base64().optional(),
    keyData: z.base64().optional(),
    caData: z.base64().optional(),
  }).optional(),
  httpTimeout: z.string().default("5s"),
  nodeCacheCapable: z.boolean().default(false),
  managedResources: z.array(z.strictObject({ name: z.string(), ignoredByScheduler: z.boolean().default(false) }))
    .default([]),
  ignorable: z.boolean().default(false),
});

export type ExtenderDocument = z.output<typeof extender>;

/** What it says of the process that this scheduler is not: it runs in the master, which leads, serves and connects. */
export const elsewhere = [
  "parallelism",
  "leaderElection",
  "clientConnection",
  "enableProfiling",
  "enableContentionProfiling",
  "delayCacheUntilActive",
] as const;

const schema = z.strictObject({
  parallelism: z.int().optional(),
  leaderElection: z.record(z.string(), z.unknown()).optional(),
  clientConnection: z.record(z.string(), z.unknown()).optional(),
  enableProfiling: z.boolean().optional(),
  enableContentionProfiling: z.boolean().optional(),
  delayCacheUntilActive: z.boolean().optional(),
  percentageOfNodesToScore: z.int().default(0),
  podInitialBackoffSeconds: z.int().optional(),
  podMaxBackoffSeconds: z.int().optional(),
  profiles: z.array(profile).default([]),
  extenders: z.array(extender).default([]),
});

export type Document = z.output<typeof schema>;
export type ProfileDocument = Document["profiles"][number];

export const schedulerConfigurationKind: ConfigurationKind<typeof schema> = {
  kind: "KubeSchedulerConfiguration",
  schema,
  apiVersions: ["kubescheduler.config.k8s.io/v1"],
};
