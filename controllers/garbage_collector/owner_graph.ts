/**
 * Who owns whom, over all kinds, by uid. It is fed by watches and holds references, not objects.
 *
 * Law: an owner need not be known for its dependents to be found by its uid.
 */
import type { Kind, KubeObject, OwnerReference, Ref, Stored } from "../../runtime/schema/mod.ts";

export const foregroundFinalizer = "foregroundDeletion";
export const orphanFinalizer = "orphan";

export interface GraphNode {
  readonly uid: string;
  readonly kind: Kind<KubeObject>;
  readonly ref: Ref;
  readonly owners: readonly OwnerReference[];
  readonly deleting: boolean;
  readonly finalizers: readonly string[];
}

export function nodeOf(kind: Kind<KubeObject>, { metadata }: Stored<KubeObject>): GraphNode {
  const { uid, name, namespace, ownerReferences = [], deletionTimestamp, finalizers = [] } = metadata;
  const ref = namespace ? { namespace, name } : { name };
  return { uid, kind, ref, owners: ownerReferences, deleting: deletionTimestamp !== undefined, finalizers };
}

/** It goes, and waits for the dependents that block it to go first. */
export function waitsForDependents(node: GraphNode): boolean {
  return node.deleting && node.finalizers.includes(foregroundFinalizer);
}

/** It goes, and its dependents are to be let go before. */
export function orphansDependents(node: GraphNode): boolean {
  return node.deleting && node.finalizers.includes(orphanFinalizer);
}

export function blocks(dependent: GraphNode, ownerUid: string): boolean {
  return dependent.owners.some(({ uid, blockOwnerDeletion }) => uid === ownerUid && blockOwnerDeletion === true);
}

export class OwnerGraph {
  readonly #nodes = new Map<string, GraphNode>();
  readonly #dependents = new Map<string, Set<string>>();

  get(uid: string): GraphNode | undefined {
    return this.#nodes.get(uid);
  }

  dependentsOf(uid: string): GraphNode[] {
    return [...this.#dependents.get(uid) ?? []].map((dependent) => this.#nodes.get(dependent)!);
  }

  set(node: GraphNode): void {
    this.remove(node.uid);
    this.#nodes.set(node.uid, node);
    for (const { uid } of node.owners) {
      const dependents = this.#dependents.get(uid) ?? new Set();
      this.#dependents.set(uid, dependents.add(node.uid));
    }
  }

  remove(uid: string): void {
    for (const owner of this.#nodes.get(uid)?.owners ?? []) {
      const dependents = this.#dependents.get(owner.uid);
      if (dependents?.delete(uid) && dependents.size === 0) this.#dependents.delete(owner.uid);
    }
    this.#nodes.delete(uid);
  }
}
