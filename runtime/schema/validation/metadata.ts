/** What holds for the metadata of every kind, on create and on update. Source: API conventions, "Metadata". */
import type { ObjectMeta, OwnerReference } from "../object.ts";
import type { Resource } from "../resource.ts";
import { labelValueName, type NameRule, qualifiedName } from "./names.ts";
import { nameRuleOf, takesAnyFinalizer, takesAnyPrefix } from "./name_rules.ts";
import { type Report, sameJson } from "./report.ts";

const maxAnnotationBytes = 256 * 1024;
const standardFinalizers = ["kubernetes", "orphan", "foregroundDeletion"];
const encoder = new TextEncoder();

export function validateMetadata(resource: Resource, meta: ObjectMeta, report: Report): void {
  validateName(takesAnyPrefix(resource) ? { name: meta.name } : meta, nameRuleOf(resource), report);
  report.at("generation").nonNegative(meta.generation);
  validateNamespace(resource, meta, report.at("namespace"));
  validateLabels(meta.labels, report.at("labels"));
  validateAnnotations(meta.annotations, report.at("annotations"));
  validateOwners(meta.ownerReferences, report.at("ownerReferences"));
  const finalizers = report.at("finalizers");
  validateFinalizers(meta.finalizers, finalizers);
  if (takesAnyFinalizer(resource)) return;
  meta.finalizers?.forEach((name, i) => validateKnownFinalizer(name, finalizers.at(i)));
}

/** A generated name is not made yet: its prefix must be one that a valid name can begin with. */
function validateName({ name, generateName }: ObjectMeta, rule: NameRule, report: Report): void {
  if (generateName) {
    const trial = generateName.replace(/-$/, "a");
    for (const fault of rule(trial)) report.at("generateName").invalid(generateName, fault);
  }
  if (!name) return report.at("name").required("name or generateName is required");
  report.at("name").named(name, rule);
}

function validateNamespace(resource: Resource, { namespace }: ObjectMeta, report: Report): void {
  if (resource.namespaced) {
    if (!namespace) report.required();
  } else if (namespace) {
    report.forbidden("not allowed on this type");
  }
}

export function validateLabels(labels: Record<string, string> | undefined, report: Report): void {
  for (const key in labels) {
    report.named(key, qualifiedName);
    report.named(labels[key]!, labelValueName);
  }
}

export function validateAnnotations(annotations: Record<string, string> | undefined, report: Report): void {
  let bytes = 0;
  for (const key in annotations) {
    for (const fault of qualifiedName(key.toLowerCase())) report.invalid(key, fault);
    bytes += byteLength(key) + byteLength(annotations[key]!);
  }
  if (bytes > maxAnnotationBytes) report.tooLong(maxAnnotationBytes);
}

/** A text of n UTF-16 units has at most 3n bytes: short texts are not encoded to be counted exactly. */
function byteLength(text: string): number {
  return text.length < 1024 ? text.length : encoder.encode(text).length;
}

function validateOwners(owners: OwnerReference[] | undefined, report: Report): void {
  if (!owners) return;
  for (const owner of owners) validateOwner(owner, report);
  const controllers = owners.filter((owner) => owner.controller);
  if (controllers.length > 1) {
    const [first, second] = controllers;
    const [one, other] = [first!, second!].map(({ kind, name }) => `${kind}/${name}`);
    const detail = 'Only one reference can have Controller set to true. Found "true" in references for ';
    report.invalid(owners, `${detail}${one} and ${other}`);
  }
}

function validateOwner(owner: OwnerReference, report: Report): void {
  const parts = owner.apiVersion?.split("/").length ?? 0;
  if (!owner.apiVersion || parts > 2) {
    report.at("apiVersion").invalid(owner.apiVersion ?? "", "version must not be empty");
  }
  if (!owner.kind) report.at("kind").invalid("", "must not be empty");
  if (!owner.name) report.at("name").invalid("", "must not be empty");
  if (!owner.uid) report.at("uid").invalid("", "must not be empty");
  if (owner.apiVersion === "v1" && owner.kind === "Event") {
    report.invalid(owner, "/v1, Kind=Event is disallowed from being an owner");
  }
}

function validateFinalizers(finalizers: string[] | undefined, report: Report): void {
  if (!finalizers) return;
  for (const name of finalizers) report.named(name, qualifiedName);
  if (finalizers.includes("orphan") && finalizers.includes("foregroundDeletion")) {
    report.invalid(finalizers, "finalizer orphan and foregroundDeletion cannot be both set");
  }
}

/** One without a domain is one of Kubernetes' own. */
export function validateKnownFinalizer(name: string, report: Report): void {
  if (!name.includes("/") && !standardFinalizers.includes(name)) {
    report.invalid(name, "name is neither a standard finalizer name nor is it fully qualified");
  }
}

const fixedFields = [
  "name",
  "namespace",
  "uid",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
];

/** What the server has set stays; `prepareForUpdate` has filled in what the client left out. */
export function validateMetadataUpdate(resource: Resource, meta: ObjectMeta, old: ObjectMeta, report: Report): void {
  validateMetadata(resource, meta, report);
  for (const field of fixedFields as (keyof ObjectMeta)[]) {
    report.at(field).immutable(meta[field], old[field]);
  }
  if ((meta.generation ?? 0) < (old.generation ?? 0)) {
    report.at("generation").invalid(meta.generation, "must not be decremented");
  }
  if (old.deletionTimestamp) validateNoNewFinalizers(meta, old, report.at("finalizers"));
}

function validateNoNewFinalizers(meta: ObjectMeta, old: ObjectMeta, report: Report): void {
  if (sameJson(meta.finalizers, old.finalizers)) return;
  const added = (meta.finalizers ?? []).filter((name) => !old.finalizers?.includes(name)).sort();
  if (added.length === 0) return;
  const list = added.map((name) => JSON.stringify(name)).join(", ");
  report.forbidden(
    `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`,
  );
}
