/** Variables of containers and where their values come from. */
import type { IEnvFromSource } from "kubernetes-models/v1/EnvFromSource";
import type { IEnvVar } from "kubernetes-models/v1/EnvVar";
import type { IObjectFieldSelector } from "kubernetes-models/v1/ObjectFieldSelector";
import { configMapKey, dnsSubdomain, envVarName, qualifiedName } from "./names.ts";
import type { Report } from "./report.ts";

const sources = ["fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"] as const;
const envFields = [
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
  "spec.nodeName",
  "spec.serviceAccountName",
  "status.hostIP",
  "status.hostIPs",
  "status.podIP",
  "status.podIPs",
];
export const volumeFields = [
  "metadata.annotations",
  "metadata.labels",
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
];

export function validateEnv(env: IEnvVar[] | undefined, report: Report): void {
  env?.forEach((variable, i) => {
    const place = report.at(i);
    if (variable.name) place.at("name").named(variable.name, envVarName);
    else place.at("name").required();
    if (variable.valueFrom) validateSource(variable, place.at("valueFrom"));
  });
}

function validateSource({ value, valueFrom = {} }: IEnvVar, report: Report): void {
  const given = sources.filter((source) => (valueFrom as Record<string, unknown>)[source]);
  if (given.length === 0) report.invalid("", `must specify one of: ${sources.map((one) => `\`${one}\``).join(", ")}`);
  else if (value) report.invalid("", "may not be specified when `value` is not empty");
  if (given.length > 1) report.invalid("", "may not have more than one field specified at a time");
  if (valueFrom.fieldRef) validateFieldRef(valueFrom.fieldRef, report.at("fieldRef"), envFields);
  if (valueFrom.resourceFieldRef && !valueFrom.resourceFieldRef.resource) {
    report.at("resourceFieldRef", "resource").required();
  }
  for (const source of ["configMapKeyRef", "secretKeyRef"] as const) {
    const ref = valueFrom[source];
    if (!ref) continue;
    if (!ref.name) report.at(source, "name").required();
    report.at(source, "key").requiredName(ref.key, configMapKey);
  }
}

/** `metadata.labels['app']` names one label; the plain paths are a closed set. */
export function validateFieldRef(ref: IObjectFieldSelector, report: Report, allowed: readonly string[]): void {
  const path = ref.fieldPath;
  const place = report.at("fieldPath");
  if (!path) return place.required();
  const subscript = /^(metadata\.(?:labels|annotations))\['(.*)'\]$/.exec(path);
  if (subscript) return place.named(subscript[2]!.toLowerCase(), qualifiedName);
  if (allowed.includes(path)) return;
  if (envFields.includes(path) || volumeFields.includes(path)) return place.notSupported(path, allowed);
  place.invalid(path, `error converting fieldPath: field label not supported: ${path}`);
}

export function validateEnvFrom(from: IEnvFromSource[] | undefined, report: Report): void {
  from?.forEach((source, i) => {
    const place = report.at(i);
    if (source.prefix) place.at("prefix").named(source.prefix, envVarName);
    if (!source.configMapRef && !source.secretRef) {
      report.invalid("", "must specify one of: `configMapRef` or `secretRef`");
    }
    if (source.configMapRef && source.secretRef) {
      report.invalid("", "may not have more than one field specified at a time");
    }
    if (source.configMapRef) place.at("configMapRef", "name").requiredName(source.configMapRef.name, dnsSubdomain);
    if (source.secretRef) place.at("secretRef", "name").requiredName(source.secretRef.name, dnsSubdomain);
  });
}
