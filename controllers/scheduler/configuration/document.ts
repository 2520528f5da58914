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
});

export type Document = z.output<typeof schema>;
export type ProfileDocument = Document["profiles"][number];

export const schedulerConfigurationKind: ConfigurationKind<typeof schema> = {
  kind: "KubeSchedulerConfiguration",
  schema,
  apiVersions: ["kubescheduler.config.k8s.io/v1"],
};
