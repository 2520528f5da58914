/** Namespaces end in two steps: marked and emptied first, removed when their own finalizer is gone. */
import { groupResourceOf, type KubeObject, type Resource, type Stored } from "../../schema/mod.ts";
import { forbidden } from "./refusals.ts";

const immortal = new Set(["default", "kube-system", "kube-public"]);

interface Namespace extends KubeObject {
  spec?: { finalizers?: string[] };
  status?: { phase?: string };
}

/** Throws in upstream's words for namespaces that stay. */
export function checkNamespaceDeletion(resource: Resource, { metadata: { name } }: Stored): void {
  if (groupResourceOf(resource) !== "namespaces") return;
  if (immortal.has(name)) throw forbidden(resource, name, "this namespace may not be deleted");
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
