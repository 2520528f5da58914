/** Namespaces end in two steps: marked and emptied first, removed when their own finalizer is gone. */
import { groupResourceOf, type KubeObject, type Resource, type Stored } from "../../schema/mod.ts";
import { conflict, forbidden } from "./refusals.ts";

const immortal = new Set(["default", "kube-system", "kube-public"]);

interface Namespace extends KubeObject {
  spec?: { finalizers?: string[] };
  status?: { phase?: string };
}

/** Throws in upstream's words for namespaces that stay, and for those that are going already. */
export function checkNamespaceDeletion(resource: Resource, live: Stored): void {
  if (groupResourceOf(resource) !== "namespaces") return;
  const { name, deletionTimestamp } = live.metadata;
  if (immortal.has(name)) throw forbidden(resource, name, "this namespace may not be deleted");
  if (!deletionTimestamp || ((live as Namespace).spec?.finalizers ?? []).length === 0) return;
  throw conflict(
    resource,
    name,
    "The system is ensuring all content is removed from this namespace.  Upon completion, this namespace will " +
      "automatically be purged by the system.",
  );
}

/** Whether it is a namespace whose content holds it. */
export function heldByContent(resource: Resource, object: KubeObject): boolean {
  return groupResourceOf(resource) === "namespaces" && ((object as Namespace).spec?.finalizers ?? []).length > 0;
}

/** Marks a namespace that is held by its content. */
export function markTerminating(object: KubeObject): void {
  const namespace = object as Namespace;
  namespace.status = { ...namespace.status, phase: "Terminating" };
}
