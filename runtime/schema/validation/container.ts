/** Containers, init containers and ephemeral ones. */
import type { IContainer } from "kubernetes-models/v1/Container";
import type { IContainerPort } from "kubernetes-models/v1/ContainerPort";
import type { IVolume } from "kubernetes-models/v1/Volume";
import { validateResources } from "./container_resources.ts";
import { validateEnv, validateEnvFrom, validateFileVolumes } from "./env.ts";
import { validateMounts } from "./mounts.ts";
import { dnsLabel, portName } from "./names.ts";
import { validatePort } from "./numbers.ts";
import { validateLifecycle, validateProbe } from "./probes.ts";
import type { Report } from "./report.ts";
import { validateRestart } from "./restart.ts";
import { validateSecurityContext } from "./security_context.ts";
import { validateStopSignal } from "./stop_signal.ts";

/** What containers of one pod share: names that are taken, volumes and device claims that exist, host ports in use. */
export interface PodNames {
  readonly containers: Set<string>;
  readonly volumes: ReadonlyMap<string, IVolume>;
  readonly claims: readonly string[];
  readonly hostPorts: Set<string>;
  /** Hooks may take no longer. */
  readonly graceSeconds: number;
  /** `linux`, `windows`; absent: not said. */
  readonly system?: string;
  /** Of a pod, not of a template for pods. */
  readonly isPod: boolean;
}

export function validateContainer(container: IContainer, names: PodNames, report: Report): void {
  validateCommon(container, names, report);
  validateLifecycle(container.lifecycle, names.graceSeconds, report.at("lifecycle"));
  validateStopSignal(container.lifecycle?.stopSignal, names.system, report.at("lifecycle", "stopSignal"));
  validateProbe(container.livenessProbe, report.at("livenessProbe"), "alive");
  validateProbe(container.readinessProbe, report.at("readinessProbe"), "ready");
  validateProbe(container.startupProbe, report.at("startupProbe"), "alive");
  validateRestart(container, report);
}

const onlyForRunning = ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] as const;

/** Init containers run to their end; those that stay (`restartPolicy: Always`) may be probed. */
export function validateInitContainer(container: IContainer, names: PodNames, report: Report): void {
  if (container.restartPolicy === "Always") return validateContainer(container, names, report);
  // Init containers are over before the others open their ports.
  validateCommon(container, { ...names, hostPorts: new Set() }, report);
  for (const field of onlyForRunning) {
    if (container[field]) report.at(field).forbidden("may not be set for init containers without restartPolicy=Always");
  }
  validateRestart(container, report);
}

const messagePolicies = ["File", "FallbackToLogsOnError"];
const pullPolicies = ["Always", "IfNotPresent", "Never"];
const resizable = ["cpu", "memory"];
const resizePolicies = ["NotRequired", "RestartContainer"];

function validateCommon(container: IContainer, names: PodNames, report: Report): void {
  const { env, securityContext } = container;
  validateContainerName(container.name, names, report.at("name"));
  validateImage(container.image, names, report.at("image"));
  report.at("terminationMessagePolicy").oneOf(container.terminationMessagePolicy, messagePolicies);
  validatePorts(container.ports, names, report.at("ports"));
  validateEnv(env, report.at("env"));
  validateFileVolumes(env, names.volumes, report.at("env"));
  validateEnvFrom(container.envFrom, report.at("envFrom"));
  validateMounts(container, names.volumes, report);
  report.at("imagePullPolicy").oneOf(container.imagePullPolicy, pullPolicies);
  validateResources(container.resources, names.claims, report.at("resources"));
  validateResizePolicy(container.resizePolicy, report.at("resizePolicy"));
  validateSecurityContext(securityContext, report.at("securityContext"));
}

function validateContainerName(name: string | undefined, names: PodNames, report: Report): void {
  if (!name) return report.required();
  report.named(name, dnsLabel);
  if (names.containers.has(name)) report.duplicate(name);
  names.containers.add(name);
}

function validateImage(image: string | undefined, { isPod }: PodNames, report: Report): void {
  if (!image) report.required();
  else if (isPod && image.trim() !== image) report.invalid(image, "must not have leading or trailing whitespace");
}

const protocols = ["SCTP", "TCP", "UDP"];

function validatePorts(ports: IContainerPort[] | undefined, names: PodNames, report: Report): void {
  const known = new Set<string>();
  ports?.forEach((port, i) => {
    const place = report.at(i);
    if (port.name) {
      place.at("name").named(port.name, portName);
      if (known.has(port.name)) place.at("name").duplicate(port.name);
      known.add(port.name);
    }
    if (!port.containerPort) place.at("containerPort").required();
    else validatePort(port.containerPort, place.at("containerPort"));
    if (port.hostPort) validateHostPort(port, names, place.at("hostPort"));
    if (!port.protocol) place.at("protocol").required();
    else place.at("protocol").oneOf(port.protocol, protocols);
  });
}

function validateHostPort(port: IContainerPort, names: PodNames, report: Report): void {
  validatePort(port.hostPort!, report);
  const key = `${port.protocol}/${port.hostIP ?? ""}/${port.hostPort}`;
  if (names.hostPorts.has(key)) report.duplicate(key);
  names.hostPorts.add(key);
}

function validateResizePolicy(policies: IContainer["resizePolicy"], report: Report): void {
  const seen = new Set<string>();
  policies?.forEach(({ resourceName, restartPolicy }, i) => {
    if (seen.has(resourceName)) report.at(i).duplicate(resourceName);
    seen.add(resourceName);
    // Upstream leaves the index out here.
    for (const [value, supported] of [[resourceName, resizable], [restartPolicy, resizePolicies]] as const) {
      if (value) report.oneOf(value, supported);
      else report.required();
    }
  });
}
