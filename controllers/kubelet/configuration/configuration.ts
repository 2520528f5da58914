/**
 * What a KubeletConfiguration makes of the agent. A value that is wrong, or that asks for less security than there is, is
 * refused with its field; a field that this agent doesn't honour changes nothing, and is named.
 */
import type { z } from "zod";
import { checkConfiguration } from "./check.ts";
import { hardSignals } from "./thresholds.ts";
import { ignoredFields } from "./ignored_fields.ts";
import { holdsAnyway, type NodeConfiguration, schema } from "./document.ts";

export interface ReadConfiguration {
  readonly configuration: NodeConfiguration;
  /** Fields that say something that nobody here listens to. */
  readonly ignored: readonly string[];
}

const kind = "KubeletConfiguration";
const apiVersion = "kubelet.config.k8s.io/v1beta1";

/** `document` as YAML or JSON has it. Throws an Error that names every field that is wrong. */
export function kubeletConfiguration(document: unknown): ReadConfiguration {
  const { kind: found, apiVersion: version, ...given } = (document ?? {}) as Record<string, unknown>;
  if (found !== kind || version !== apiVersion) {
    throw new Error(`no kind "${found}" is registered for version "${version}"; this is about ${kind}, ${apiVersion}`);
  }
  const said = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null));
  const checked = schema.safeParse(said);
  if (!checked.success) throw new Error(checked.error.issues.map((issue) => faultText(issue, said)).join(", "));
  checkConfiguration(checked.data);
  return { configuration: checked.data, ignored: ignoredFields(said) };
}

/** As without a file. */
export const defaultConfiguration: NodeConfiguration = kubeletConfiguration({ kind, apiVersion }).configuration;

/** As `/configz` tells it, and as a file would say it. */
export function documentOf(configuration: NodeConfiguration): Record<string, unknown> {
  return { kind, apiVersion, ...holdsAnyway, ...configuration, evictionHard: hardSignals(configuration) };
}

function faultText({ path, message }: z.core.$ZodIssue, document: unknown): string {
  const place = path.map((step, at) => typeof step === "number" ? `[${step}]` : `${at > 0 ? "." : ""}${String(step)}`);
  const value = path.reduce<unknown>((inner, step) => (inner as Record<PropertyKey, unknown>)?.[step], document);
  return `${place.join("")}: Invalid value: ${JSON.stringify(value)}: ${message}`;
}
