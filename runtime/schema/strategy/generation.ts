/**
 * `metadata.generation` counts changes of what somebody asked for. Which kinds have one, and of which fields, is history:
 * this is upstream's list. Custom resources count everything but metadata and status.
 */
import type { KubeObject } from "../object.ts";
import { groupResourceOf, type Resource } from "../resource.ts";
import { sameJson } from "../validation/report.ts";

const spec = ["spec"];

const countedFields: ReadonlyMap<string, readonly string[]> = new Map([
  ["daemonsets.apps", spec],
  ["deployments.apps", spec],
  ["replicasets.apps", spec],
  ["statefulsets.apps", spec],
  ["replicationcontrollers", spec],
  ["pods", spec],
  ["podtemplates", ["template"]],
  ["cronjobs.batch", spec],
  ["jobs.batch", spec],
  ["poddisruptionbudgets.policy", spec],
  ["ingresses.networking.k8s.io", spec],
  ["ingressclasses.networking.k8s.io", spec],
  ["networkpolicies.networking.k8s.io", spec],
  ["endpointslices.discovery.k8s.io", ["endpoints", "ports"]],
  ["customresourcedefinitions.apiextensions.k8s.io", spec],
  ["flowschemas.flowcontrol.apiserver.k8s.io", spec],
  ["prioritylevelconfigurations.flowcontrol.apiserver.k8s.io", spec],
  ["mutatingadmissionpolicies.admissionregistration.k8s.io", spec],
  ["mutatingadmissionpolicybindings.admissionregistration.k8s.io", spec],
  ["mutatingwebhookconfigurations.admissionregistration.k8s.io", ["webhooks"]],
  ["validatingadmissionpolicies.admissionregistration.k8s.io", spec],
  ["validatingadmissionpolicybindings.admissionregistration.k8s.io", spec],
  ["validatingwebhookconfigurations.admissionregistration.k8s.io", ["webhooks"]],
  ["priorityclasses.scheduling.k8s.io", ["value", "globalDefault", "description", "preemptionPolicy"]],
  ["deviceclasses.resource.k8s.io", spec],
  ["resourceslices.resource.k8s.io", spec],
  ["csidrivers.storage.k8s.io", spec],
]);

/** New ones have none. */
const countedLater = new Set(["csidrivers.storage.k8s.io"]);

/** The generation of a new object, or undefined for kinds that do not count. */
export function firstGeneration(resource: Resource): number | undefined {
  const name = groupResourceOf(resource);
  return resource.type.name === "" || countedFields.has(name) && !countedLater.has(name) ? 1 : undefined;
}

/** The generation after an update that is not one of a status. */
export function nextGeneration(resource: Resource, object: KubeObject, old: KubeObject): number | undefined {
  const generation = old.metadata?.generation;
  if (resource.type.name !== "" && !countedFields.has(groupResourceOf(resource))) return generation;
  return hasChanged(resource, object, old) ? (generation ?? 0) + 1 : generation;
}

function hasChanged(resource: Resource, object: KubeObject, old: KubeObject): boolean {
  const name = groupResourceOf(resource);
  const fields = countedFields.get(name) ?? contentFields(object, old);
  if (fields.some((field) => !sameJson(object[field], old[field]))) return true;
  if (name === "endpointslices.discovery.k8s.io") return !sameJson(object.metadata?.labels, old.metadata?.labels);
  // Rollout history lives in annotations, so Deployments count them too.
  return name === "deployments.apps" && !sameJson(object.metadata?.annotations, old.metadata?.annotations);
}

const notContent = new Set(["apiVersion", "kind", "metadata", "status"]);

function contentFields(object: KubeObject, old: KubeObject): string[] {
  return [...new Set([...Object.keys(object), ...Object.keys(old)])].filter((field) => !notContent.has(field));
}
