/**
 * Which columns a resource has. Built-in kinds are looked up by resource and group; custom resources bring their own; what
 * has neither shows its name and when it was made.
 */
import { type Column, groupResourceOf, type Json, type KubeObject, type Resource } from "../../schema/mod.ts";
import * as access from "./access.ts";
import { age, createdAt, name, type Printer, printer } from "./cell.ts";
import * as cluster from "./cluster.ts";
import { customPrinter } from "./custom_columns.ts";
import { coreEvents, newEvents } from "./events.ts";
import * as extension from "./extension.ts";
import * as networking from "./networking.ts";
import { pods, podTemplates } from "./pods.ts";
import * as storage from "./storage.ts";
import * as workloads from "./workloads.ts";

const printers: Readonly<Record<string, Printer>> = {
  pods,
  podtemplates: podTemplates,
  replicationcontrollers: workloads.replicationControllers,
  "deployments.apps": workloads.deployments,
  "replicasets.apps": workloads.replicaSets,
  "statefulsets.apps": workloads.statefulSets,
  "daemonsets.apps": workloads.daemonSets,
  "controllerrevisions.apps": workloads.controllerRevisions,
  "jobs.batch": workloads.jobs,
  "cronjobs.batch": workloads.cronJobs,
  "horizontalpodautoscalers.autoscaling": workloads.horizontalPodAutoscalers,
  "poddisruptionbudgets.policy": workloads.podDisruptionBudgets,
  services: networking.services,
  endpoints: networking.endpoints,
  "endpointslices.discovery.k8s.io": networking.endpointSlices,
  "ingresses.networking.k8s.io": networking.ingresses,
  "ingressclasses.networking.k8s.io": networking.ingressClasses,
  "networkpolicies.networking.k8s.io": networking.networkPolicies,
  "ipaddresses.networking.k8s.io": networking.ipAddresses,
  "servicecidrs.networking.k8s.io": networking.serviceCidrs,
  nodes: cluster.nodes,
  namespaces: cluster.namespaces,
  configmaps: cluster.configMaps,
  secrets: cluster.secrets,
  serviceaccounts: printer(name, age),
  resourcequotas: cluster.resourceQuotas,
  componentstatuses: cluster.componentStatuses,
  "leases.coordination.k8s.io": cluster.leases,
  "priorityclasses.scheduling.k8s.io": cluster.priorityClasses,
  "runtimeclasses.node.k8s.io": cluster.runtimeClasses,
  "resourceclaims.resource.k8s.io": cluster.resourceClaims,
  "resourceclaimtemplates.resource.k8s.io": printer(name, age),
  "deviceclasses.resource.k8s.io": printer(name, age),
  "resourceslices.resource.k8s.io": cluster.resourceSlices,
  events: coreEvents,
  "events.events.k8s.io": newEvents,
  persistentvolumes: storage.persistentVolumes,
  persistentvolumeclaims: storage.persistentVolumeClaims,
  "storageclasses.storage.k8s.io": storage.storageClasses,
  "volumeattachments.storage.k8s.io": storage.volumeAttachments,
  "volumeattributesclasses.storage.k8s.io": storage.volumeAttributesClasses,
  "csidrivers.storage.k8s.io": storage.csiDrivers,
  "csinodes.storage.k8s.io": storage.csiNodes,
  "roles.rbac.authorization.k8s.io": printer(name, createdAt),
  "clusterroles.rbac.authorization.k8s.io": printer(name, createdAt),
  "rolebindings.rbac.authorization.k8s.io": access.roleBindings,
  "clusterrolebindings.rbac.authorization.k8s.io": access.roleBindings,
  "certificatesigningrequests.certificates.k8s.io": access.certificateSigningRequests,
  "clustertrustbundles.certificates.k8s.io": access.clusterTrustBundles,
  "flowschemas.flowcontrol.apiserver.k8s.io": access.flowSchemas,
  "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io": access.priorityLevelConfigurations,
  "apiservices.apiregistration.k8s.io": extension.apiServices,
  "mutatingwebhookconfigurations.admissionregistration.k8s.io": extension.webhookConfigurations,
  "validatingwebhookconfigurations.admissionregistration.k8s.io": extension.webhookConfigurations,
  "validatingadmissionpolicies.admissionregistration.k8s.io": extension.validatingAdmissionPolicies,
  "mutatingadmissionpolicies.admissionregistration.k8s.io": extension.mutatingAdmissionPolicies,
  "validatingadmissionpolicybindings.admissionregistration.k8s.io": extension.admissionPolicyBindings,
  "mutatingadmissionpolicybindings.admissionregistration.k8s.io": extension.admissionPolicyBindings,
};

const unknownKind = printer(name, createdAt);

const customPrinters = new WeakMap<Resource, Printer>();

function printerOf(resource: Resource): Printer {
  const isCustom = resource.type.name === "" || resource.printerColumns !== undefined;
  if (!isCustom) return printers[groupResourceOf(resource)] ?? unknownKind;
  const known = customPrinters.get(resource);
  if (known) return known;
  const made = customPrinter(resource.printerColumns ?? []);
  customPrinters.set(resource, made);
  return made;
}

export function columnsOf(resource: Resource): readonly Column[] {
  return printerOf(resource);
}

/** One cell for each of `columnsOf`, in the same order. */
export function cellsOf(resource: Resource, object: KubeObject, nowMs: number): Json[] {
  return printerOf(resource).map(({ cell }) => filled(() => cell(object, nowMs)));
}

/** An object that lacks what its kind requires leaves cells empty, and must not hide the rest of a list. */
function filled(cell: () => Json | undefined): Json {
  try {
    return cell() ?? null;
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

/** `rows[].conditions`: clients may show a pod that has ended in another way. */
export function rowConditionsOf(resource: Resource, object: KubeObject): Json[] | undefined {
  if (resource.group !== "" || resource.plural !== "pods") return undefined;
  const phase = (object.status as { phase?: string } | undefined)?.phase;
  if (phase !== "Succeeded" && phase !== "Failed") return undefined;
  const message = phase === "Succeeded" ? "The pod has completed successfully." : "The pod failed.";
  return [{ type: "Completed", status: "True", reason: phase, message }];
}
