/**
 * PodSecurityConfiguration (pod-security.admission.config.k8s.io/v1): what holds in namespaces whose labels say nothing, and
 * for whom nothing holds.
 */
import { z } from "zod";
import { levels } from "./policy.ts";

const level = z.enum(levels).default("privileged");
const version = z.string().regex(/^(latest|v1\.\d+)$/, 'must be "latest" or "v1.x"').default("latest");
const names = z.array(z.string().min(1)).default([]);

export const podSecurityConfiguration = z.strictObject({
  apiVersion: z.literal("pod-security.admission.config.k8s.io/v1"),
  kind: z.literal("PodSecurityConfiguration"),
  defaults: z.strictObject({
    ...{ enforce: level, "enforce-version": version, audit: level, "audit-version": version },
    ...{ warn: level, "warn-version": version },
  }).prefault({}),
  exemptions: z.strictObject({ usernames: names, runtimeClasses: names, namespaces: names }).prefault({}),
});

export type PodSecurityDefaults = Pick<z.infer<typeof podSecurityConfiguration>, "defaults" | "exemptions">;

export const noDefaults: PodSecurityDefaults = podSecurityConfiguration.parse({
  apiVersion: "pod-security.admission.config.k8s.io/v1",
  kind: "PodSecurityConfiguration",
});
