/** Volumes of the cluster, claims for them, and their classes. */
import type { IStorageClass } from "kubernetes-models/storage.k8s.io/v1/StorageClass";
import type { IPersistentVolume } from "kubernetes-models/v1/PersistentVolume";
import type { IPersistentVolumeClaim } from "kubernetes-models/v1/PersistentVolumeClaim";
import { compareQuantities } from "../quantity.ts";
import { validateAmount } from "./numbers.ts";
import { type Report, sameJson } from "./report.ts";
import { validateLabelSelector } from "./selectors.ts";

const accessModes = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

export function validateClaim({ spec }: Pick<IPersistentVolumeClaim, "spec">, report: Report): void {
  const place = report.at("spec");
  if (!spec?.accessModes?.length) place.at("accessModes").required("at least 1 access mode is required");
  validateAccessModes(spec?.accessModes, place.at("accessModes"));
  validateLabelSelector(spec?.selector, place.at("selector"));
  const storage = spec?.resources?.requests?.storage;
  const request = place.at("resources").key("storage");
  if (storage === undefined) request.required();
  else if (compareQuantities(storage, 0) <= 0) request.invalid(String(storage), "must be greater than zero");
}

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

export function validateVolume({ spec }: IPersistentVolume, report: Report): void {
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
}

export function validateStorageClass({ provisioner }: IStorageClass, report: Report): void {
  if (!provisioner) report.at("provisioner").required();
}

export function validateStorageClassUpdate(now: IStorageClass, old: IStorageClass, report: Report): void {
  for (const field of ["parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"] as const) {
    if (!sameJson(now[field], old[field])) report.at(field).forbidden(`updates to ${field} are forbidden.`);
  }
}
