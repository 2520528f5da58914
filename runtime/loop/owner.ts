/** The one owner reference that says who manages an object (`controller: true`; API conventions, "ownerReferences"). */
import type { Informer } from "./controller.ts";
import type { Key, Kind, ObjectMeta, OwnerReference, Stored } from "../schema/mod.ts";

interface Owned {
  metadata?: ObjectMeta;
}

export function controllerOf(object: Owned): OwnerReference | undefined {
  return object.metadata?.ownerReferences?.find((reference) => reference.controller);
}

/** Key of the owner when it is of this kind, whatever the version. */
export function ownerKey(object: Owned, kind: Kind<unknown>): Key | undefined {
  const owner = controllerOf(object);
  if (owner?.kind !== kind.kind || groupOf(owner.apiVersion) !== groupOf(kind.apiVersion)) return undefined;
  return kind.namespaced ? `${object.metadata?.namespace}/${owner.name}` : owner.name;
}

/** Objects that `owner` controls, by an index that is made on first use. */
export function ownedBy<T>(informer: Informer<T>, owner: { metadata: { uid: string } }): readonly Stored<T>[] {
  informer.addIndex("controller", (object) => {
    const reference = controllerOf(object);
    return reference ? [reference.uid] : [];
  });
  return informer.by("controller", owner.metadata.uid);
}

function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf("/");
  return slash < 0 ? "" : apiVersion.slice(0, slash);
}
