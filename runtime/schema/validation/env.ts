/** Variables of containers and where their values come from. */
import type { IEnvFromSource } from "kubernetes-models/v1/EnvFromSource";
import type { IEnvVar } from "kubernetes-models/v1/EnvVar";
import type { IObjectFieldSelector } from "kubernetes-models/v1/ObjectFieldSelector";
import type { IResourceFieldSelector } from "kubernetes-models/v1/ResourceFieldSelector";
import { configMapKey, dnsLabel, dnsSubdomain, envVarName, qualifiedName } from "./names.ts";
import { validateNoWayUp } from "./paths.ts";
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
/** What field selectors of pods know beside these; `spec.host` is an old name of `spec.nodeName`. */
const otherFields = [
  "spec.restartPolicy",
  "spec.schedulerName",
  "spec.hostNetwork",
  "status.phase",
  "status.nominatedNodeName",
];

export function validateEnv(env: IEnvVar[] | undefined, report: Report): void {
  env?.forEach((variable, i) => {
    const place = report.at(i);
    if (variable.name) place.at("name").named(variable.name, envVarName);
    else place.at("name").required();
    if (variable.valueFrom) validateSource(variable, place.at("valueFrom"));
  });
}

const quoted = sources.map((one) => `\`${one}\``);
const oneOfThem = `must specify one of: ${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}`;

function validateSource({ value, valueFrom = {} }: IEnvVar, report: Report): void {
  const given = sources.filter((source) => (valueFrom as Record<string, unknown>)[source]);
  if (valueFrom.fieldRef) validateFieldRef(valueFrom.fieldRef, report.at("fieldRef"), envFields);
  if (valueFrom.resourceFieldRef) {
    validateResourceFieldRef(valueFrom.resourceFieldRef, report.at("resourceFieldRef"), false);
  }
  for (const source of ["configMapKeyRef", "secretKeyRef"] as const) {
    const ref = valueFrom[source];
    if (!ref) continue;
    report.at(source, "name").named(ref.name ?? "", dnsSubdomain);
    report.at(source, "key").requiredName(ref.key, configMapKey);
  }
  if (valueFrom.fileKeyRef) validateFileKey(valueFrom.fileKeyRef, report.at("fileKeyRef"));
  if (given.length === 0) report.invalid("", oneOfThem);
  else if (value) report.invalid("", "may not be specified when `value` is not empty");
  else if (given.length > 1) report.invalid("", "may not have more than one field specified at a time");
}

type FileKey = NonNullable<NonNullable<IEnvVar["valueFrom"]>["fileKeyRef"]>;

function validateFileKey({ key, volumeName, path }: FileKey, report: Report): void {
  report.at("key").requiredName(key, envVarName);
  report.at("volumeName").requiredName(volumeName, dnsLabel);
  if (path) validateNoWayUp(path, report.at("path"));
  else report.at("path").required();
}

interface VolumeOf {
  readonly emptyDir?: object;
}

/** Files with variables lie where another container may have written them. */
export function validateFileVolumes(
  env: IEnvVar[] | undefined,
  volumes: ReadonlyMap<string, VolumeOf>,
  report: Report,
): void {
  env?.forEach(({ valueFrom }, i) => {
    if (!valueFrom?.fileKeyRef) return;
    const name = valueFrom.fileKeyRef.volumeName ?? "";
    const place = report.at(i, "valueFrom", "fileKeyRef", "volumeName");
    const volume = volumes.get(name);
    if (!volume) place.notFound(name);
    else if (!volume.emptyDir) place.invalid(name, "referenced volume must be of type emptyDir");
  });
}

/** `metadata.labels['app']` names one label; the plain paths are a closed set. */
export function validateFieldRef(ref: IObjectFieldSelector, report: Report, allowed: readonly string[]): void {
  const { fieldPath: path, apiVersion = "v1" } = ref;
  const place = report.at("fieldPath");
  if (!path) return place.required();
  const fail = (why: string) => place.invalid(path, `error converting fieldPath: ${why}`);
  if (apiVersion !== "v1") return fail(`unsupported pod version: ${apiVersion}`);
  const [, subscripted, key] = /^(.*)\['(.*)'\]$/.exec(path) ?? [];
  if (key !== undefined) {
    if (subscripted !== "metadata.labels" && subscripted !== "metadata.annotations") {
      return fail(`field label does not support subscript: ${path}`);
    }
    return report.named(subscripted === "metadata.annotations" ? key.toLowerCase() : key, qualifiedName);
  }
  if (allowed.includes(path === "spec.host" ? "spec.nodeName" : path)) return;
  if ([...envFields, ...volumeFields, ...otherFields, "spec.host"].includes(path)) {
    return place.notSupported(path, allowed);
  }
  fail(`field label not supported: ${path}`);
}

const amounts = ["cpu", "ephemeral-storage", "memory"];
const resourceFields = ["limits", "requests"].flatMap((side) => amounts.map((name) => `${side}.${name}`));
const units = ["", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"].map((suffix) => `1${suffix}`);

/** What divisors each resource takes, and how upstream calls it. */
const divisors = [
  { of: /\.cpu$/, units: ["1m", "1"], shown: "1m and 1", called: "cpu" },
  { of: /\.memory$/, units, shown: units.join(", "), called: "memory" },
  { of: /\.ephemeral-storage$/, units, shown: units.join(", "), called: "local ephemeral storage" },
  { of: /\.hugepages-/, units, shown: units.join(", "), called: "hugepages" },
];

/** Of a volume the container has to be named: a volume is nobody's. */
export function validateResourceFieldRef(ref: IResourceFieldSelector, report: Report, ofVolume: boolean): void {
  const { resource, containerName, divisor = "0" } = ref;
  if (ofVolume && !containerName) return report.at("containerName").required();
  if (!resource) return report.at("resource").required();
  if (!resourceFields.includes(resource) && !/^(limits|requests)\.hugepages-/.test(resource)) {
    return report.at("resource").notSupported(resource, resourceFields);
  }
  const row = divisors.find((one) => one.of.test(resource));
  if (!row || String(divisor) === "0" || row.units.includes(String(divisor))) return;
  const words = `only divisor's values ${row.shown} are supported with the ${row.called} resource`;
  report.at("divisor").invalid(resource, words);
}

export function validateEnvFrom(from: IEnvFromSource[] | undefined, report: Report): void {
  from?.forEach((source, i) => {
    const place = report.at(i);
    if (source.prefix) place.at("prefix").named(source.prefix, envVarName);
    if (source.configMapRef) place.at("configMapRef", "name").requiredName(source.configMapRef.name, dnsSubdomain);
    if (source.secretRef) place.at("secretRef", "name").requiredName(source.secretRef.name, dnsSubdomain);
    if (!source.configMapRef && !source.secretRef) {
      report.invalid("", "must specify one of: `configMapRef` or `secretRef`");
    }
    if (source.configMapRef && source.secretRef) {
      report.invalid("", "may not have more than one field specified at a time");
    }
  });
}
