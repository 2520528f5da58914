/** Volumes of the cluster, claims for them, and their classes. */
import type { IStorageClass } from "kubernetes-models/storage.k8s.io/v1/StorageClass";
import type { IPersistentVolume } from "kubernetes-models/v1/PersistentVolume";
import type { IPersistentVolumeClaim } from "kubernetes-models/v1/PersistentVolumeClaim";
import { compareQuantities } from "../quantity.ts";
import { dnsSubdomain, qualifiedName } from "./names.ts";
import { validateAmount } from "./numbers.ts";
import { type Report, sameJson } from "./report.ts";
import { type Check, named, oneOf, required, type Rule, rules } from "./rules.ts";
import { validateLabelSelector } from "./selectors.ts";

const accessModes = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

export function validateClaim({ spec }: Pick<IPersistentVolumeClaim, "spec">, report: Report): void {
  const place = report.at("spec");
  if (!spec?.accessModes?.length) place.at("accessModes").required("at least 1 access mode is required");
  validateAccessModes(spec?.accessModes, place.at("accessModes"));
  validateLabelSelector(spec?.selector, place.at("selector"));
  claimRows({ spec }, report);
  const storage = spec?.resources?.requests?.storage;
  const request = place.at("resources").key("storage");
  if (storage === undefined) request.required();
  else if (compareQuantities(storage, 0) <= 0) request.invalid(String(storage), "must be greater than zero");
}

const ownKind = "must be 'PersistentVolumeClaim' when referencing the default apiGroup";

const sourceRows = ["spec.dataSource", "spec.dataSourceRef"].flatMap((place): Rule[] => [
  [`${place}.name`, required()],
  [`${place}.kind`, required(), (value, report, { apiGroup }) => {
    if (value && !apiGroup && value !== "PersistentVolumeClaim") report.invalid(value, ownKind);
  }],
]);

const claimRows = rules(
  ["spec.storageClassName", named(dnsSubdomain)],
  ["spec.volumeAttributesClassName", named(dnsSubdomain)],
  ...sourceRows,
);

function validateAccessModes(modes: string[] | undefined, report: Report): void {
  for (const mode of modes ?? []) if (!accessModes.includes(mode)) report.notSupported(mode, accessModes);
  if (modes?.includes("ReadWriteOncePod") && modes.length > 1) {
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
      requests: { ...spec.resources?.requests, storage: before.resources?.requests?.storage },
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
  const [now, then] = [spec.resources?.requests?.storage, before.resources?.requests?.storage];
  if (now === undefined || then === undefined || compareQuantities(now, then) >= 0) return;
  const reached = status?.capacity?.storage;
  if (reached === undefined || compareQuantities(now, reached) < 0) {
    report.at("spec", "resources", "requests", "storage").forbidden(
      "field can not be less than status.capacity",
    );
  }
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

const noWayUp: Check = (value, report) => {
  if (String(value ?? "").split("/").includes("..")) report.invalid(value, "must not contain '..'");
};

const absolute: Check = (value, report) => {
  if (typeof value === "string" && value !== "" && !value.startsWith("/")) {
    report.invalid(value, "must be an absolute path");
  }
};

const volumeRows = rules(
  ["spec.storageClassName", named(dnsSubdomain)],
  ["spec.persistentVolumeReclaimPolicy", oneOf("Delete", "Recycle", "Retain")],
  ["spec.csi.driver", required()],
  ["spec.csi.volumeHandle", required()],
  ["spec.hostPath.path", required(), noWayUp],
  ["spec.local.path", required(), noWayUp],
  ["spec.nfs.server", required()],
  ["spec.nfs.path", required(), absolute],
  ["spec.claimRef.name", required()],
  ["spec.claimRef.namespace", required()],
);

export function validateVolume({ spec }: IPersistentVolume, report: Report): void {
  volumeRows({ spec }, report);
  const place = report.at("spec");
  if (!spec?.accessModes?.length) place.at("accessModes").required();
  validateAccessModes(spec?.accessModes, place.at("accessModes"));
  if (!Object.keys(spec?.capacity ?? {}).length) place.at("capacity").required();
  for (const [name, amount] of Object.entries(spec?.capacity ?? {})) {
    validateAmount(amount, place.at("capacity").key(name));
  }
  const sources = Object.keys(spec ?? {}).filter((field) => !notSources.has(field));
  if (sources.length === 0) place.required("must specify a volume type");
  sources.slice(1).forEach((source) => place.at(source).forbidden("may not specify more than 1 volume type"));
  if (spec?.local && !spec.nodeAffinity) {
    report.at("metadata", "annotations").required("Local volume requires node affinity");
  }
  if (spec?.hostPath?.path === "/" && spec.persistentVolumeReclaimPolicy === "Recycle") {
    place.at("persistentVolumeReclaimPolicy").forbidden("may not be 'recycle' for a hostPath mount of '/'");
  }
}

export function validateVolumeUpdate(now: IPersistentVolume, old: IPersistentVolume, report: Report): void {
  const sourceOf = ({ spec = {} }: IPersistentVolume) =>
    Object.fromEntries(Object.entries(spec).filter(([field]) => !notSources.has(field)));
  if (!sameJson(sourceOf(now), sourceOf(old))) {
    report.at("spec", "persistentvolumesource").forbidden("spec.persistentvolumesource is immutable after creation");
  }
  report.at("spec", "volumeMode").immutable(now.spec?.volumeMode, old.spec?.volumeMode);
  if (old.spec?.nodeAffinity) {
    report.at("spec", "nodeAffinity").immutable(now.spec?.nodeAffinity, old.spec.nodeAffinity);
  }
}

const longestParameters = 256 * 1024;
const mostParameters = 512;

const storageClassRows = rules(
  ["reclaimPolicy", oneOf("Delete", "Retain")],
  ["provisioner", required(), (value, report) => {
    if (value) { for (const fault of qualifiedName(String(value).toLowerCase())) report.invalid(value, fault); }
  }],
  ["parameters", (value, report) => {
    const entries = Object.entries((value ?? {}) as Record<string, string>);
    const size = entries.reduce((sum, [name, text]) => sum + name.length + text.length, 0);
    if (entries.length > mostParameters) report.tooLong(mostParameters);
    if (entries.some(([name]) => name === "")) report.invalid("", "field can not be empty.");
    if (size > longestParameters) report.tooLong(longestParameters);
  }],
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
  for (const field of ["parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"] as const) {
    if (!sameJson(now[field], old[field])) report.at(field).forbidden(`updates to ${field} are forbidden.`);
  }
}
