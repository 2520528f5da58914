/**
 * What a client may not decide, put right before defaults and validation: status of new objects, fields that belong to
 * the other path (spec and status are written separately), generation, marks of deletion. In place; pure otherwise.
 */
import type { IPod } from "kubernetes-models/v1/Pod";
import type { IPodSpec } from "kubernetes-models/v1/PodSpec";
import type { IPersistentVolumeClaim } from "kubernetes-models/v1/PersistentVolumeClaim";
import type { IService } from "kubernetes-models/v1/Service";
import type { KubeObject, ObjectMeta } from "../object.ts";
import { groupResourceOf, type Resource } from "../resource.ts";
import { appArmorFromAnnotations } from "./app_armor.ts";
import { fillClaimSource } from "./claim_source.ts";
import { firstGeneration, nextGeneration } from "./generation.ts";
import { countTemplates, setTemplateGeneration } from "./template_generation.ts";
import { fixLabelKeys } from "./label_keys.ts";
import { prepareJob } from "./job_labels.ts";
import { qosClassOf } from "./pod_qos.ts";
import { keepAllocated, listAddress } from "./service_addresses.ts";
import { preparePodStatus } from "./pod_addresses.ts";
import { subresourceParts } from "./subresource_parts.ts";

/** A Node is registered together with its status. */
const statusOnCreate = new Set(["nodes"]);

/** Call it before `applyDefaults`, after `metadata.uid` is set (a Job's labels hold it). */
export function prepareForCreate(resource: Resource, object: KubeObject): void {
  const meta = object.metadata ??= {};
  delete meta.deletionTimestamp;
  delete meta.deletionGracePeriodSeconds;
  setGeneration(meta, firstGeneration(resource) ?? meta.generation);
  if (resource.hasStatus && !statusOnCreate.has(groupResourceOf(resource))) delete object.status;
  preparePerKind.get(groupResourceOf(resource))?.(object);
}

/** Whether `prepareForCreate` sets what the client could have: it is nobody's then. */
export function isGivenMore(resource: Resource): boolean {
  return givenMore.has(groupResourceOf(resource));
}

const givenMore = new Set(["namespaces", "jobs.batch"]);

/** What follows from the whole object, when all that may change it has: upstream prepares after admission. */
export function concludeCreate(resource: Resource, object: KubeObject): void {
  if (groupResourceOf(resource) === "persistentvolumes") {
    object.status = { ...object.status as object, lastPhaseTransitionTime: object.metadata!.creationTimestamp };
  }
  if (groupResourceOf(resource) !== "pods" || !object.spec) return;
  appArmorFromAnnotations(object);
  fixLabelKeys(object as unknown as IPod);
  const spec = object.spec as unknown as IPodSpec;
  object.status = { ...object.status as object, ...gated(spec, object), qosClass: qosClassOf(spec) };
}

/** That a pod waits at its gates is told at once: the scheduler has nothing to find out. */
function gated({ schedulingGates = [] }: IPodSpec, { metadata }: KubeObject): object {
  if (schedulingGates.length === 0) return {};
  const message = "Scheduling is blocked due to non-empty scheduling gates";
  const lastTransitionTime = metadata?.creationTimestamp;
  const condition = { type: "PodScheduled", status: "False", reason: "SchedulingGated", message, lastTransitionTime };
  return { conditions: [condition] };
}

/**
 * `old` is what is stored; `subresource` is the path that was written (`status`, `resize`, ...). System fields that the
 * client left out are taken from `old`; those that it changed are left for validation to refuse.
 */
export function prepareForUpdate(resource: Resource, object: KubeObject, old: KubeObject, subresource?: string): void {
  const meta = object.metadata ??= {};
  keepSystemFields(meta, old.metadata ?? {});
  if (subresource) keepOtherParts(resource, object, old, subresource);
  else {
    keepStatus(resource, object, old);
    if (groupResourceOf(resource) === "services") {
      keepAllocated(object as unknown as IService, old as unknown as IService);
    }
  }
}

/** Call it after `applyDefaults` and admission: a client that leaves out what these fill in asks for nothing new. */
export function countGeneration(resource: Resource, object: KubeObject, old: KubeObject, subresource?: string): void {
  const meta = object.metadata ??= {};
  setGeneration(meta, subresource !== "status" ? nextGeneration(resource, object, old) : old.metadata?.generation);
  if (groupResourceOf(resource) === "daemonsets.apps") countTemplates(object, old);
}

function setGeneration(meta: ObjectMeta, generation: number | undefined): void {
  if (generation === undefined) delete meta.generation;
  else meta.generation = generation;
}

const systemFields = ["uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"] as const;

function keepSystemFields(meta: ObjectMeta, old: ObjectMeta): void {
  for (const field of systemFields) {
    if (meta[field] === undefined && old[field] !== undefined) Object.assign(meta, { [field]: old[field] });
  }
}

/** Copies, because the stored object may be frozen and shared. */
function take(object: KubeObject, old: KubeObject, field: string): void {
  if (old[field] === undefined) delete object[field];
  else object[field] = structuredClone(old[field]);
}

/** Whose spec is decided once, or by others: upstream passes over what is sent. */
const keepsSpec = new Set(["namespaces", "certificatesigningrequests.certificates.k8s.io"]);

function keepStatus(resource: Resource, object: KubeObject, old: KubeObject): void {
  if (resource.hasStatus) take(object, old, "status");
  if (keepsSpec.has(groupResourceOf(resource))) take(object, old, "spec");
}

/** A subresource writes its own part; everything else stays as it was. */
function keepOtherParts(resource: Resource, object: KubeObject, old: KubeObject, subresource: string): void {
  const written = subresourceParts(subresource);
  const asked = written.map((part) => part.read(object));
  for (const field of new Set([...Object.keys(object), ...Object.keys(old)])) {
    if (field !== "metadata" && field !== "apiVersion" && field !== "kind") take(object, old, field);
  }
  written.forEach((part, i) => part.write(object, asked[i]));
  const name = groupResourceOf(resource);
  const keepsAll = subresource === "resize" || subresource === "status" && keepsAllMetadata.has(name);
  if (resource.type.name === "" || keepsAll) keepMetadata(object, old);
  if (subresource !== "status") return;
  for (const field of keptWithStatus[name] ?? []) keepMetaField(object.metadata!, old.metadata ?? {}, field);
  if (name === "pods") preparePodStatus(object, old);
}

/** Whose status is written without its metadata, as that of custom resources is; and without a part of it. */
const keepsAllMetadata = new Set([
  "volumeattachments.storage.k8s.io",
  "servicecidrs.networking.k8s.io",
  "validatingadmissionpolicies.admissionregistration.k8s.io",
  "resourceclaims.resource.k8s.io",
]);
const keptWithStatus: Readonly<Record<string, readonly (keyof ObjectMeta)[]>> = {
  "deployments.apps": ["labels"],
  "pods": ["ownerReferences"],
};

function keepMetaField(meta: ObjectMeta, old: ObjectMeta, field: keyof ObjectMeta): void {
  if (old[field] === undefined) delete meta[field];
  else Object.assign(meta, { [field]: structuredClone(old[field]) });
}

/** In place: everything but what the write insists on. */
function keepMetadata(object: KubeObject, old: KubeObject): void {
  const { resourceVersion, managedFields } = object.metadata ?? {};
  object.metadata = structuredClone(old.metadata) ?? {};
  if (resourceVersion !== undefined) object.metadata.resourceVersion = resourceVersion;
  if (managedFields !== undefined) object.metadata.managedFields = managedFields;
}

const preparePerKind: ReadonlyMap<string, (object: KubeObject) => void> = new Map([
  ["namespaces", prepareNamespace],
  ["pods", preparePod],
  ["persistentvolumeclaims", (object) => fillClaimSource(object as IPersistentVolumeClaim)],
  ["jobs.batch", prepareJob],
  ["customresourcedefinitions.apiextensions.k8s.io", prepareDefinition],
  ["daemonsets.apps", (object) => setTemplateGeneration(object, 1)],
  ["serviceaccounts", prepareServiceAccount],
  ["services", (object) => listAddress(object as unknown as IService)],
]);

function prepareNamespace(object: KubeObject): void {
  const spec = (object.spec ?? {}) as { finalizers?: string[] };
  const finalizers = spec.finalizers ?? [];
  object.spec = { ...spec, finalizers: finalizers.includes("kubernetes") ? finalizers : [...finalizers, "kubernetes"] };
  object.status = { phase: "Active" };
}

/** What is to be stored first has been stored from the beginning. */
function prepareDefinition(object: KubeObject): void {
  const { versions } = (object.spec ?? {}) as { versions?: ({ name?: string; storage?: boolean } | null)[] };
  const stored = Array.isArray(versions) ? versions.find((version) => version?.storage)?.name : undefined;
  object.status = stored ? { storedVersions: [stored] } : {};
}

/** Of its secrets the names count; they are its own namespace's. */
function prepareServiceAccount(object: KubeObject): void {
  const secrets = object.secrets as ({ name?: string } | null)[] | undefined;
  if (Array.isArray(secrets)) object.secrets = secrets.map((secret) => ({ name: secret?.name }));
}

function preparePod(object: KubeObject): void {
  object.status = { phase: "Pending", qosClass: "BestEffort" };
}
