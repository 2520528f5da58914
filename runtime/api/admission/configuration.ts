/**
 * AdmissionConfiguration (apiserver.config.k8s.io/v1): what the plugins are told by a file. Those that take no configuration
 * are refused one.
 */
import { z } from "zod";
import { type EventLimit, eventRateLimitConfiguration } from "./event_rate_limit.ts";
import { podSecurityConfiguration, type PodSecurityDefaults } from "./pod_security/configuration.ts";

const schema = z.strictObject({
  apiVersion: z.literal("apiserver.config.k8s.io/v1"),
  kind: z.literal("AdmissionConfiguration"),
  plugins: z.array(z.strictObject({
    name: z.string().min(1),
    path: z.string().optional(),
    configuration: z.unknown().optional(),
  })).default([]),
});

export interface AdmissionSettings {
  readonly eventLimits?: readonly EventLimit[];
  readonly podSecurity?: PodSecurityDefaults;
}

/** `read` gives the document at a path that a plugin names. Throws an Error that names the place. */
export async function admissionSettings(
  document: unknown,
  read: (path: string) => Promise<unknown>,
): Promise<AdmissionSettings> {
  const { plugins } = checked("AdmissionConfiguration", schema, document);
  let settings: AdmissionSettings = {};
  for (const { name, path, configuration } of plugins) {
    const given = configuration ?? (path ? await read(path) : undefined);
    if (given !== undefined && given !== null) settings = { ...settings, ...settingOf(name, given) };
  }
  return settings;
}

function settingOf(name: string, given: unknown): AdmissionSettings {
  if (name === "EventRateLimit") return { eventLimits: checked(name, eventRateLimitConfiguration, given).limits };
  if (name === "PodSecurity") return { podSecurity: checked(name, podSecurityConfiguration, given) };
  throw new Error(`AdmissionConfiguration: the plugin ${JSON.stringify(name)} takes no configuration`);
}

function checked<T>(what: string, schema: z.ZodType<T>, document: unknown): T {
  const { success, data, error } = schema.safeParse(document);
  if (success) return data;
  throw new Error(`${what}: ${error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ")}`);
}
