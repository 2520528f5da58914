/** A pod's spec, in pods and in templates. */
import type { IPodSpec } from "kubernetes-models/v1/PodSpec";
import type { IPodTemplateSpec } from "kubernetes-models/v1/PodTemplateSpec";
import { type PodNames, validateContainer, validateInitContainer } from "./container.ts";
import { validateAnnotations, validateLabels } from "./metadata.ts";
import { dnsLabel, dnsSubdomain } from "./names.ts";
import { validateId, validateIp } from "./numbers.ts";
import type { Report } from "./report.ts";
import { validateAffinity, validateSpread, validateTolerations } from "./scheduling.ts";
import { validateSysctls } from "./sysctls.ts";
import { validateVolumes } from "./volumes.ts";

export function validatePodTemplate(template: IPodTemplateSpec | undefined, report: Report): void {
  validateLabels(template?.metadata?.labels, report.at("metadata", "labels"));
  validateAnnotations(template?.metadata?.annotations, report.at("metadata", "annotations"));
  validatePodSpec(template?.spec, report.at("spec"));
}

export function validatePodSpec(spec: IPodSpec | undefined, report: Report): void {
  const volumes = validateVolumes(spec?.volumes, report.at("volumes"));
  validateContainers(spec, { containers: new Set(), hostPorts: new Set(), volumes }, report);
  if (!spec) return;
  validateNames(spec, report);
  validateTimes(spec, report);
  validateNetwork(spec, report);
  validateLabels(spec.nodeSelector, report.at("nodeSelector"));
  validateTolerations(spec.tolerations, report.at("tolerations"));
  validateAffinity(spec.affinity, report.at("affinity"));
  validateSpread(spec.topologySpreadConstraints, report.at("topologySpreadConstraints"));
  validateId(spec.securityContext?.runAsUser, report.at("securityContext", "runAsUser"));
  validateId(spec.securityContext?.runAsGroup, report.at("securityContext", "runAsGroup"));
  validateId(spec.securityContext?.fsGroup, report.at("securityContext", "fsGroup"));
  validateSysctls(spec.securityContext?.sysctls, report.at("securityContext", "sysctls"));
}

function validateContainers(spec: IPodSpec | undefined, names: PodNames, report: Report): void {
  if (!spec?.containers?.length) report.at("containers").required();
  spec?.containers?.forEach((one, i) => validateContainer(one, names, report.at("containers", i)));
  spec?.initContainers?.forEach((one, i) => {
    const place = report.at("initContainers", i);
    // Init containers are over before the others open their ports.
    validateContainer(one, one.restartPolicy === "Always" ? names : { ...names, hostPorts: new Set() }, place);
    validateInitContainer(one, place);
  });
  spec?.ephemeralContainers?.forEach((one, i) => {
    validateContainer(one, names, report.at("ephemeralContainers", i));
  });
  if (spec) validateProcMount(spec, report);
}

const containerLists = ["containers", "initContainers", "ephemeralContainers"] as const;

/** Root of the machine must not reach what is masked. */
function validateProcMount(spec: IPodSpec, report: Report): void {
  if (spec.hostUsers === false) return;
  for (const list of containerLists) {
    spec[list]?.forEach(({ securityContext }, i) => {
      if (securityContext?.procMount !== "Unmasked") return;
      const place = report.at(list, i, "securityContext", "procMount");
      place.invalid("Unmasked", "`hostUsers` must be false to use `Unmasked`");
    });
  }
}

const subdomainFields = ["nodeName", "serviceAccountName", "priorityClassName", "runtimeClassName"] as const;

function validateNames(spec: IPodSpec, report: Report): void {
  for (const field of subdomainFields) if (spec[field]) report.at(field).named(spec[field]!, dnsSubdomain);
  for (const field of ["hostname", "subdomain"] as const) {
    if (spec[field]) report.at(field).named(spec[field]!, dnsLabel);
  }
  if (!spec.restartPolicy) report.at("restartPolicy").required();
  if (!spec.dnsPolicy) report.at("dnsPolicy").required();
  const gates = new Set<string>();
  spec.schedulingGates?.forEach(({ name }, i) => {
    if (gates.has(name)) report.at("schedulingGates", i).duplicate(name);
    gates.add(name);
  });
}

function validateTimes(spec: IPodSpec, report: Report): void {
  const { activeDeadlineSeconds: deadline } = spec;
  if (deadline !== undefined && (deadline < 1 || deadline > 2 ** 31 - 1)) {
    report.at("activeDeadlineSeconds").invalid(deadline, "must be between 1 and 2147483647, inclusive");
  }
}

const maxNameservers = 3;

function validateNetwork(spec: IPodSpec, report: Report): void {
  spec.hostAliases?.forEach(({ ip, hostnames }, i) => {
    validateIp(ip ?? "", report.at("hostAliases", i, "ip"));
    hostnames?.forEach((name) => report.at("hostAliases", i, "hostnames").named(name, dnsSubdomain));
  });
  const servers = spec.dnsConfig?.nameservers ?? [];
  const place = report.at("dnsConfig", "nameservers");
  if (spec.dnsPolicy === "None" && !spec.dnsConfig) {
    report.at("dnsConfig").required("must provide `dnsConfig` when `dnsPolicy` is None");
  } else if (spec.dnsPolicy === "None" && servers.length === 0) {
    place.required("must provide at least one DNS nameserver when `dnsPolicy` is None");
  }
  if (servers.length > maxNameservers) place.invalid(servers, `must not have more than ${maxNameservers} nameservers`);
  servers.forEach((server, i) => validateIp(server, place.at(i)));
  if (!spec.hostNetwork) return;
  spec.containers?.forEach(({ ports }, i) =>
    ports?.forEach((port, j) => {
      if (!port.hostPort || port.hostPort === port.containerPort) return;
      report.at("containers", i, "ports", j, "hostPort").invalid(port.hostPort, "must match `containerPort`");
    })
  );
}
