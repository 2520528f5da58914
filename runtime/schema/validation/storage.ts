/** Volumes of the cluster, claims for them, and their classes. */
import type { IStorageClass } from "kubernetes-models/storage.k8s.io/v1/StorageClass";
import type { IPersistentVolume } from "kubernetes-models/v1/PersistentVolume";
import type { IPersistentVolumeClaim } from "kubernetes-models/v1/PersistentVolumeClaim";
import { normalize } from "node:path/posix";
import { compareQuantities, unitsOf } from "../quantity.ts";
import { dnsLabel, dnsSubdomain, qualifiedName } from "./names.ts";
import { type Report, sameJson } from "./report.ts";
import { type Check, oneOf, rules } from "./rules.ts";
import { validateLabelSelector, validateNodeSelector } from "./selectors.ts";
import { soleSource, validateClusterSource } from "./volume_sources.ts";

const volumeModes = ["Block", "Filesystem"];
const reclaimPolicies = ["Delete", "Recycle", "Retain"];
const accessModes = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

export function validateClaim({ spec }: Pick<IPersistentVolumeClaim, "spec">, report: Report): void {
  const place = report.at("spec");
  if (!spec?.accessModes?.length) place.at("accessModes").required("at least 1 access mode is required");
  validateLabelSelector(spec?.selector, place.at("selector"));
  validateAccessModes(spec?.accessModes, place.at("accessModes"));
  const storage = spec?.resources?.requests?.storage;
  const request = place.at("resources").key("storage");
  if (storage === undefined) request.required();
  else validatePositive(storage, request);
  if (!spec) return;
  if (spec.storageClassName) place.at("storageClassName").named(spec.storageClassName, dnsSubdomain);
  place.at("volumeMode").oneOf(spec.volumeMode, volumeModes);
  validateSources(spec, place);
  if (spec.volumeAttributesClassName) {
    place.at("volumeAttributesClassName").named(spec.volumeAttributesClassName, dnsSubdomain);
  }
}

function validatePositive(amount: string | number, report: Report): void {
  if (compareQuantities(amount, 0) <= 0) report.invalid(String(amount), "must be greater than zero");
}

const ownKind = "must be 'PersistentVolumeClaim' when referencing the default apiGroup";

type ClaimSpec = NonNullable<IPersistentVolumeClaim["spec"]>;

/** What a volume begins with; the older field knows less and says the same. */
function validateSources(spec: ClaimSpec, report: Report): void {
  const { dataSource, dataSourceRef } = spec;
  for (const [field, source] of Object.entries({ dataSource, dataSourceRef })) {
    if (!source) continue;
    const place = report.at(field);
    for (const part of ["name", "kind"] as const) if (!source[part]) place.at(part).required();
    if (source.apiGroup) place.at("apiGroup").named(source.apiGroup, dnsSubdomain);
    else if (source.kind !== "PersistentVolumeClaim") place.invalid(source.kind ?? "", ownKind);
  }
  if (dataSourceRef?.namespace) report.at("dataSourceRef", "namespace").named(dataSourceRef.namespace, dnsLabel);
  if (dataSource && dataSourceRef && !sameJson(dataSource, dataSourceRef)) {
    report.invalid({}, "must match dataSourceRef");
  }
}

function validateAccessModes(modes: string[] | undefined, report: Report): void {
  const unknown = (modes ?? []).filter((mode) => !accessModes.includes(mode));
  for (const mode of unknown) report.notSupported(mode, accessModes);
  if (unknown.length === 0 && modes?.includes("ReadWriteOncePod") && modes.length > 1) {
    report.forbidden("may not use ReadWriteOncePod with other access modes");
  }
}

type Claim = Pick<IPersistentVolumeClaim, "spec" | "status">;

/** Bound claims may grow and change class; a volume may be found for one that has none. */
export function validateClaimUpdate({ spec = {}, status }: Claim, old: Claim, report: Report): void {
  const before = old.spec ?? {};
  const mixed = {
    ...spec,
    volumeName: before.volumeName ? spec.volumeName : undefined,
    resources: {
      ...spec.resources,
      requests: isSized(spec) ? { ...spec.resources?.requests, storage: before.resources?.requests?.storage } : {},
    },
    volumeAttributesClassName: before.volumeAttributesClassName,
    storageClassName: before.storageClassName ?? undefined,
  };
  const changedClass = before.storageClassName !== undefined && spec.storageClassName !== before.storageClassName;
  if (changedClass || !sameJson(mixed, { ...before, volumeName: before.volumeName || undefined })) {
    report.at("spec").forbidden(
      "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims",
    );
  }
  report.at("volumeMode").immutable(spec.volumeMode, before.volumeMode);
  const [now = "0", then] = [spec.resources?.requests?.storage, before.resources?.requests?.storage];
  if (then === undefined || compareQuantities(now, then) >= 0) return;
  const reached = status?.capacity?.storage;
  if (reached === undefined || compareQuantities(now, reached) < 0) {
    report.at("spec", "resources", "requests", "storage").forbidden(
      "field can not be less than status.capacity",
    );
  }
}

function isSized({ resources }: NonNullable<Claim["spec"]>): boolean {
  return resources?.requests?.storage !== undefined;
}

const notSources = new Set([
  "accessModes",
  "capacity",
  "claimRef",
  "mountOptions",
  "nodeAffinity",
  "persistentVolumeReclaimPolicy",
  "storageClassName",
  "volumeAttributesClassName",
  "volumeMode",
]);

export function validateVolume({ spec = {} }: IPersistentVolume, report: Report): void {
  const place = report.at("spec");
  validateVolumeSpec(spec, place);
  const capacity = place.at("capacity");
  const size = spec.capacity?.storage;
  if (Object.keys(spec.capacity ?? {}).length === 0) capacity.required();
  if (size === undefined || Object.keys(spec.capacity!).length > 1) {
    capacity.notSupported(sorted(spec.capacity), ["storage"]);
  }
  for (const [name, amount] of Object.entries(spec.capacity ?? {})) validateCapacity(amount, capacity.key(name));
  place.at("persistentVolumeReclaimPolicy").oneOf(spec.persistentVolumeReclaimPolicy, reclaimPolicies);
  validateWhere(spec, place);
  if (spec.storageClassName) place.at("storageClassName").named(spec.storageClassName, dnsSubdomain);
  place.at("volumeMode").oneOf(spec.volumeMode, volumeModes);
  const attributes = spec.volumeAttributesClassName;
  if (attributes === undefined) return;
  const attributesPlace = place.at("volumeAttributesClassName");
  if (attributes === "") attributesPlace.required("an empty string is disallowed");
  else attributesPlace.named(attributes, dnsSubdomain);
  if (!spec.csi) place.at("csi").required("has to be specified when using volumeAttributesClassName");
}

type VolumeSpec = NonNullable<IPersistentVolume["spec"]>;

/** As Go prints maps. */
function sorted(amounts: VolumeSpec["capacity"]): object | undefined {
  return amounts && Object.fromEntries(Object.entries(amounts).sort());
}

function validateVolumeSpec(spec: VolumeSpec, report: Report): void {
  if (!spec.accessModes?.length) report.at("accessModes").required();
  validateAccessModes(spec.accessModes, report.at("accessModes"));
}

/** Upstream's number is the amount in whole units. */
function validateCapacity(amount: string | number, report: Report): void {
  if (compareQuantities(amount, 0) < 0) report.invalid(unitsOf(amount), "must be a valid resource quantity");
  validatePositive(amount, report);
}

/** Which source, and from which nodes it is reached. */
function validateWhere(spec: VolumeSpec, report: Report): void {
  validateNodes(spec, report);
  const kind = soleSource(spec, true, report);
  if (kind) validateClusterSource(kind, spec[kind as keyof VolumeSpec] as object, report);
  if (kind === "local" && !spec.nodeAffinity) {
    report.at("nodeAffinity").required("Local volume requires node affinity");
  }
  const path = spec.hostPath?.path;
  if (path && isRoot(path) && spec.persistentVolumeReclaimPolicy === "Recycle") {
    report.at("persistentVolumeReclaimPolicy").forbidden("may not be 'recycle' for a hostPath mount of '/'");
  }
}

function validateNodes({ nodeAffinity }: VolumeSpec, report: Report): void {
  if (!nodeAffinity) return;
  const place = report.at("nodeAffinity", "required");
  if (!nodeAffinity.required) return place.required("must specify required node constraints");
  validateNodeSelector(nodeAffinity.required.nodeSelectorTerms, place.at("nodeSelectorTerms"));
}

function isRoot(path: string): boolean {
  return normalize(path).replace(/\/+$/, "") === "";
}

/** A volume that is described where it is attached: only what a driver needs to attach it. */
export function validateInlineVolume(spec: VolumeSpec, report: Report): void {
  const why = "may not be specified in the context of inline volumes";
  for (const field of ["claimRef", "capacity"] as const) if (spec[field]) report.at(field).forbidden(why);
  if (!spec.csi) report.at("csi").required("has to be specified in the context of inline volumes");
  const { persistentVolumeReclaimPolicy: policy, volumeMode } = spec;
  if (policy && policy !== "Retain") {
    report.at("persistentVolumeReclaimPolicy").forbidden("may only be Retain in the context of inline volumes");
  }
  if (spec.storageClassName) report.at("storageClassName").forbidden(why);
  if (volumeMode && volumeMode !== "Filesystem") {
    const words = "may not specify volumeMode other than Filesystem in the context of inline volumes";
    report.at("volumeMode").forbidden(words);
  }
  if (spec.nodeAffinity) report.at("nodeAffinity").forbidden(why);
  validateVolumeSpec(spec, report);
  const kind = soleSource(spec, true, report);
  if (kind) validateClusterSource(kind, spec[kind as keyof VolumeSpec] as object, report);
}

export function validateVolumeUpdate(now: IPersistentVolume, old: IPersistentVolume, report: Report): void {
  const sourceOf = ({ spec = {} }: IPersistentVolume) =>
    Object.fromEntries(Object.entries(spec).filter(([field]) => !notSources.has(field)));
  if (!sameJson(sourceOf(now), sourceOf(old))) {
    report.at("spec", "persistentvolumesource").forbidden("spec.persistentvolumesource is immutable after creation");
  }
  report.at("volumeMode").immutable(now.spec?.volumeMode, old.spec?.volumeMode);
  if (old.spec?.nodeAffinity) {
    const words = "field is immutable, except for updating from beta label to GA";
    report.at("nodeAffinity").immutable(now.spec?.nodeAffinity, old.spec.nodeAffinity, words);
  }
}

const longestParameters = 256 * 1024;
const mostParameters = 512;

/** In this order: what is too much is not looked at further. */
export const parameters: Check = (value, report) => {
  const entries = Object.entries((value ?? {}) as Record<string, string>);
  const size = entries.reduce((sum, [name, text]) => sum + name.length + text.length, 0);
  if (entries.length > mostParameters) report.tooLong(mostParameters);
  if (entries.some(([name]) => name === "")) report.invalid("", "field can not be empty.");
  if (size > longestParameters) report.tooLong(longestParameters);
};

/** Of a provisioner or driver: looked at in small letters. */
export const provisioner: Check = (value, report) => {
  const name = String(value ?? "").toLowerCase();
  if (name === "") report.required();
  else report.named(name, qualifiedName);
};

const storageClassRows = rules(
  ["provisioner", provisioner],
  ["parameters", parameters],
  ["reclaimPolicy", (value, report) => value ? report.oneOf(value, ["Delete", "Retain"]) : undefined],
  ["volumeBindingMode", oneOf("Immediate", "WaitForFirstConsumer")],
);

export function validateStorageClass(storageClass: IStorageClass, report: Report): void {
  storageClassRows(storageClass, report);
  // A term that asks for nothing counts as one that was there already.
  const seen = new Set(["[]"]);
  storageClass.allowedTopologies?.forEach(({ matchLabelExpressions }, i) => {
    const place = report.at("allowedTopologies", i, "matchLabelExpressions");
    validateTopology(matchLabelExpressions ?? [], place);
    const wanted = JSON.stringify(
      (matchLabelExpressions ?? []).map(({ key, values }) => [key, ...(values ?? []).toSorted()]).sort(),
    );
    if (seen.has(wanted)) place.duplicate("");
    seen.add(wanted);
  });
}

type Topology = NonNullable<NonNullable<IStorageClass["allowedTopologies"]>[number]["matchLabelExpressions"]>;

function validateTopology(expressions: Topology, report: Report): void {
  const keys = new Set<string>();
  expressions.forEach(({ key, values }, i) => {
    const place = report.at(i);
    if (!values?.length) place.at("values").required();
    const seen = new Set<string>();
    values?.forEach((value, j) => {
      if (seen.has(value)) place.at("values", j).duplicate(value);
      seen.add(value);
    });
    place.at("key").named(key, qualifiedName);
    if (keys.has(key)) place.at("key").duplicate(key);
    keys.add(key);
  });
}

export function validateStorageClassUpdate(now: IStorageClass, old: IStorageClass, report: Report): void {
  if (!sameJson(now.parameters, old.parameters)) {
    report.at("parameters").forbidden("updates to parameters are forbidden.");
  }
  for (const field of ["provisioner", "reclaimPolicy", "volumeBindingMode"] as const) {
    report.at(field).immutable(now[field], old[field]);
  }
}
