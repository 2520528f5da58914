/** A pod's spec, in pods and in templates, in the order in which upstream looks at it. */
import type { IPodSpec } from "kubernetes-models/v1/PodSpec";
import type { IPodTemplateSpec } from "kubernetes-models/v1/PodTemplateSpec";
import type { IVolume } from "kubernetes-models/v1/Volume";
import { type PodNames, validateContainer, validateInitContainer } from "./container.ts";
import { validateResources } from "./container_resources.ts";
import { goPrinted, podClaimShape } from "./go_shape.ts";
import { validateAnnotations, validateLabels } from "./metadata.ts";
import { dnsLabel, dnsSubdomain, qualifiedName } from "./names.ts";
import { validateIp } from "./numbers.ts";
import { validatePodAnnotations } from "./pod_annotations.ts";
import { validateDns } from "./pod_dns.ts";
import { validatePodResources } from "./pod_resources.ts";
import type { Report } from "./report.ts";
import { validateAffinity, validateSpread, validateTolerations } from "./scheduling.ts";
import { validatePodSecurity } from "./security_context.ts";
import { validateVolumes } from "./volumes.ts";
import { validateHostProcess, validateOs } from "./windows.ts";

/** Upstream names the metadata's fields as if they were the template's. */
export function validateTemplateMetadata(template: IPodTemplateSpec | undefined, report: Report): void {
  const { labels, annotations } = template?.metadata ?? {};
  validateLabels(labels, report.at("labels"));
  validateAnnotations(annotations, report.at("annotations"));
  validatePodAnnotations(annotations, template?.spec, report.at("annotations"));
}

export function validatePodTemplate(template: IPodTemplateSpec | undefined, report: Report): void {
  validateTemplateMetadata(template, report);
  validatePodSpec(template?.spec, report.at("spec"), false);
  if (template?.spec?.ephemeralContainers?.length) {
    report.at("spec", "ephemeralContainers").forbidden("ephemeral containers not allowed in pod template");
  }
}

export function validatePodSpec(spec: IPodSpec | undefined, report: Report, isPod: boolean): void {
  const volumes = validateVolumes(spec?.volumes, report.at("volumes"));
  if (!spec) return report.at("containers").required();
  const claims = validatePodClaims(spec, report.at("resourceClaims"));
  validateContainers(spec, { volumes, claims, isPod }, report);
  validatePodResources(spec, claims, report.at("resources"));
  validatePolicies(spec, report);
  validateLabels(spec.nodeSelector, report.at("nodeSelector"));
  validatePodSecurity(spec, report);
  validateAffinity(spec.affinity, report.at("affinity"));
  validateDns(spec, report);
  validateGates(spec, report);
  validateSpread(spec.topologySpreadConstraints, report.at("topologySpreadConstraints"));
  validateHostProcess(spec, report);
  validateOwnUsers(spec, report);
  validateNames(spec, report);
  validateTolerations(spec.tolerations, report.at("tolerations"));
  validateAliases(spec, report.at("hostAliases"));
  validateClasses(spec, report);
  validateOs(spec, report);
}

/** Claims of devices, each of which is there or made for the pod (KEP-4381). */
function validatePodClaims({ resourceClaims = [] }: IPodSpec, report: Report): string[] {
  const names = new Set<string>();
  resourceClaims.forEach((claim, i) => {
    const { name, resourceClaimName, resourceClaimTemplateName } = claim;
    const place = report.at(i);
    place.at("name").requiredName(name, dnsLabel);
    if (names.has(name)) place.at("name").duplicate(name);
    names.add(name);
    const given = [resourceClaimName, resourceClaimTemplateName].filter((one) => one !== undefined).length;
    const shown = goPrinted(podClaimShape, claim);
    if (given > 1) {
      place.invalid(shown, "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified");
    }
    if (given === 0) place.invalid(shown, "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`");
    for (const [field, value] of Object.entries({ resourceClaimName, resourceClaimTemplateName })) {
      if (value !== undefined) place.at(field).named(value, dnsSubdomain);
    }
  });
  return [...names];
}

interface Shared {
  readonly volumes: ReadonlyMap<string, IVolume>;
  readonly claims: readonly string[];
  readonly isPod: boolean;
}

function validateContainers(spec: IPodSpec, shared: Shared, report: Report): void {
  const graceSeconds = spec.terminationGracePeriodSeconds ?? 0;
  const names: PodNames = {
    ...shared,
    graceSeconds,
    system: spec.os?.name,
    containers: new Set(),
    hostPorts: new Set(),
  };
  if (!spec.containers?.length) report.at("containers").required();
  spec.containers?.forEach((one, i) => validateContainer(one, names, report.at("containers", i)));
  spec.initContainers?.forEach((one, i) => validateInitContainer(one, names, report.at("initContainers", i)));
  spec.ephemeralContainers?.forEach((one, i) => {
    validateContainer(one, names, report.at("ephemeralContainers", i));
  });
}

const restartPolicies = ["Always", "OnFailure", "Never"];
const dnsPolicies = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];

function validatePolicies(spec: IPodSpec, report: Report): void {
  if (spec.restartPolicy) report.at("restartPolicy").oneOf(spec.restartPolicy, restartPolicies);
  else report.at("restartPolicy").required();
  if (spec.dnsPolicy) report.at("dnsPolicy").oneOf(spec.dnsPolicy, dnsPolicies);
  else report.at("dnsPolicy").required();
}

function validateGates(spec: IPodSpec, report: Report): void {
  spec.readinessGates?.forEach(({ conditionType = "" }, i) => {
    report.at("readinessGates", i, "conditionType").named(conditionType, qualifiedName);
  });
  const names = new Set<string>();
  spec.schedulingGates?.forEach(({ name = "" }, i) => {
    const place = report.at("schedulingGates", i);
    place.named(name, qualifiedName);
    if (names.has(name)) place.duplicate(name);
    names.add(name);
  });
}

const containerLists = ["containers", "initContainers", "ephemeralContainers"] as const;
const hostNamespaces = [["hostNetwork", "hostNetwork"], ["hostPID", "HostPID"], ["hostIPC", "HostIPC"]] as const;

/** A pod with users of its own shares nothing with the machine in which root is another; only there it sees all of /proc. */
function validateOwnUsers(spec: IPodSpec, report: Report): void {
  const isOwn = spec.hostUsers === false;
  const words = "when `hostUsers` is false";
  for (const [field, shown] of hostNamespaces) if (isOwn && spec[field]) report.at(shown).forbidden(words);
  for (const list of containerLists) {
    spec[list]?.forEach(({ volumeDevices, securityContext }, i) => {
      const place = report.at(list, i);
      if (isOwn && volumeDevices?.length) place.at("volumeDevices").forbidden(words);
      if (isOwn || securityContext?.procMount !== "Unmasked") return;
      place.at("securityContext", "procMount").invalid("Unmasked", "`hostUsers` must be false to use `Unmasked`");
    });
  }
}

const longestHostname = 64;

function validateNames(spec: IPodSpec, report: Report): void {
  const override = spec.hostnameOverride;
  if (override !== undefined) {
    const place = report.at("hostnameOverride");
    if (override.length > longestHostname) place.tooLong(longestHostname);
    place.named(override, dnsSubdomain);
  }
  for (const field of ["serviceAccountName", "nodeName"] as const) {
    if (spec[field]) report.at(field).named(spec[field]!, dnsSubdomain);
  }
  const { activeDeadlineSeconds: deadline } = spec;
  if (deadline !== undefined && (deadline < 1 || deadline > 2 ** 31 - 1)) {
    report.at("activeDeadlineSeconds").invalid(deadline, "must be between 1 and 2147483647, inclusive");
  }
  for (const field of ["hostname", "subdomain"] as const) {
    if (spec[field]) report.at(field).named(spec[field]!, dnsLabel);
  }
}

function validateAliases({ hostAliases }: IPodSpec, report: Report): void {
  hostAliases?.forEach(({ ip, hostnames }, i) => {
    validateIp(ip ?? "", report.at(i, "ip"));
    hostnames?.forEach((name, j) => report.at(i, "hostnames", j).named(name, dnsSubdomain));
  });
}

function validateClasses(spec: IPodSpec, report: Report): void {
  for (const field of ["priorityClassName", "runtimeClassName"] as const) {
    if (spec[field]) report.at(field).named(spec[field]!, dnsSubdomain);
  }
  if (spec.overhead) validateResources({ limits: spec.overhead }, [], report.at("overhead"));
}
