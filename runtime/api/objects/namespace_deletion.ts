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

/** Marks it as terminating; `true`: its content holds it. */
export function markNamespace(resource: Resource, object: KubeObject): boolean {
  if (groupResourceOf(resource) !== "namespaces") return false;
  const namespace = object as Namespace;
  if ((namespace.spec?.finalizers ?? []).length === 0) return false;
  namespace.status = { ...namespace.status, phase: "Terminating" };
  return true;
}
