/** Containers, init containers and ephemeral ones. */
import type { IContainer } from "kubernetes-models/v1/Container";
import type { IContainerPort } from "kubernetes-models/v1/ContainerPort";
import type { ISecurityContext } from "kubernetes-models/v1/SecurityContext";
import type { IVolumeMount } from "kubernetes-models/v1/VolumeMount";
import { validateResources } from "./container_resources.ts";
import { validateEnv, validateEnvFrom } from "./env.ts";
import { dnsLabel, portName } from "./names.ts";
import { validateId, validatePort } from "./numbers.ts";
import { validateHandler, validateProbe } from "./probes.ts";
import type { Report } from "./report.ts";

/** What containers of one pod share: names that are taken, volumes that exist, host ports in use. */
export interface PodNames {
  readonly containers: Set<string>;
  readonly volumes: ReadonlySet<string>;
  readonly hostPorts: Set<string>;
}

export function validateContainer(container: IContainer, names: PodNames, report: Report): void {
  validateContainerName(container.name, names, report.at("name"));
  validateImage(container.image, report.at("image"));
  validatePorts(container.ports, names, report.at("ports"));
  validateEnv(container.env, report.at("env"));
  validateEnvFrom(container.envFrom, report.at("envFrom"));
  validateMounts(container.volumeMounts, names, report.at("volumeMounts"));
  validateResources(container.resources, report.at("resources"));
  validateProbe(container.livenessProbe, report.at("livenessProbe"), true);
  validateProbe(container.readinessProbe, report.at("readinessProbe"), false);
  validateProbe(container.startupProbe, report.at("startupProbe"), true);
  for (const hook of ["postStart", "preStop"] as const) {
    const handler = container.lifecycle?.[hook];
    if (handler) validateHandler(handler, report.at("lifecycle", hook));
  }
  validateSecurityContext(container.securityContext, report.at("securityContext"));
}

const onlyForRunning = ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] as const;

/** Init containers run to their end; those that stay (`restartPolicy: Always`) may be probed. */
export function validateInitContainer(container: IContainer, report: Report): void {
  if (container.restartPolicy === "Always") return;
  for (const field of onlyForRunning) {
    if (container[field]) report.at(field).forbidden("may not be set for init containers without restartPolicy=Always");
  }
}

function validateContainerName(name: string | undefined, names: PodNames, report: Report): void {
  if (!name) return report.required();
  report.named(name, dnsLabel);
  if (names.containers.has(name)) report.duplicate(name);
  names.containers.add(name);
}

function validateImage(image: string | undefined, report: Report): void {
  if (!image) report.required();
  else if (image.trim() !== image) report.invalid(image, "must not have leading or trailing whitespace");
}

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
  });
}

function validateHostPort(port: IContainerPort, names: PodNames, report: Report): void {
  validatePort(port.hostPort!, report);
  const key = `${port.protocol}/${port.hostIP ?? ""}/${port.hostPort}`;
  if (names.hostPorts.has(key)) report.duplicate(key);
  names.hostPorts.add(key);
}

function validateMounts(mounts: IVolumeMount[] | undefined, names: PodNames, report: Report): void {
  const paths = new Set<string>();
  mounts?.forEach((mount, i) => {
    const place = report.at(i);
    if (!mount.name) place.at("name").required();
    if (!names.volumes.has(mount.name)) place.at("name").notFound(mount.name);
    if (!mount.mountPath) place.at("mountPath").required();
    if (paths.has(mount.mountPath)) place.at("mountPath").invalid(mount.mountPath, "must be unique");
    paths.add(mount.mountPath);
    if (mount.subPath) validateInsidePath(mount.subPath, place.at("subPath"));
    if (mount.subPathExpr) validateInsidePath(mount.subPathExpr, place.at("subPathExpr"));
    if (mount.subPath && mount.subPathExpr) {
      place.at("subPathExpr").invalid(mount.subPathExpr, "subPathExpr and subPath are mutually exclusive");
    }
  });
}

/** A path that stays inside of what it is relative to. */
export function validateInsidePath(path: string, report: Report): void {
  if (path.startsWith("/")) report.invalid(path, "must be a relative path");
  if (path.split("/").includes("..")) report.invalid(path, "must not contain '..'");
}

function validateSecurityContext(context: ISecurityContext | undefined, report: Report): void {
  if (!context) return;
  validateId(context.runAsUser, report.at("runAsUser"));
  validateId(context.runAsGroup, report.at("runAsGroup"));
  if (context.allowPrivilegeEscalation !== false) return;
  if (context.privileged) {
    report.invalid(context, "cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
  }
  if (context.capabilities?.add?.includes("SYS_ADMIN")) {
    report.invalid(context, "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN");
  }
}
