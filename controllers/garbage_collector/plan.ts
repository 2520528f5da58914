/**
 * What garbage collection does with one object, given what is known of its owners and dependents. Pure.
 *
 * Laws: an object with a living owner is never deleted; one whose owners are all absent is; absence is a proven fact, not
 * a guess; an object waiting for its dependents goes when none of them blocks it.
 *
 * Source: "Garbage Collection" (https://kubernetes.io/docs/concepts/architecture/garbage-collection/).
 */
import {
  blocks,
  foregroundFinalizer,
  type GraphNode,
  orphanFinalizer,
  orphansDependents,
  waitsForDependents,
} from "./owner_graph.ts";

/** `waiting`: it lives only until its dependents are gone. `unknown`: cannot be told, so nothing is done. */
export type OwnerState = "solid" | "absent" | "waiting" | "unknown";

export type Step =
  | { readonly do: "nothing" }
  | { readonly do: "delete"; readonly policy: "Background" | "Foreground" | "Orphan" }
  | { readonly do: "disown"; readonly ownerUids: readonly string[] }
  /** A circle of owners that wait for each other: this one no longer blocks. */
  | { readonly do: "unblock" }
  | { readonly do: "orphan"; readonly dependents: readonly GraphNode[] }
  | { readonly do: "dropFinalizer"; readonly finalizer: string };

export interface ItemWorld {
  readonly item: GraphNode;
  readonly dependents: readonly GraphNode[];
  /** One for each of `item.owners`. */
  readonly owners: readonly OwnerState[];
}

const nothing: Step = { do: "nothing" };

export function planItem({ item, dependents, owners }: ItemWorld): Step {
  if (orphansDependents(item)) {
    return dependents.length > 0 ? { do: "orphan", dependents } : { do: "dropFinalizer", finalizer: orphanFinalizer };
  }
  if (waitsForDependents(item)) {
    const blocked = dependents.some((dependent) => blocks(dependent, item.uid));
    return blocked ? nothing : { do: "dropFinalizer", finalizer: foregroundFinalizer };
  }
  if (item.deleting || item.owners.length === 0) return nothing;
  return planOwned({ item, dependents, owners });
}

function planOwned({ item, dependents, owners }: ItemWorld): Step {
  if (owners.includes("unknown")) return nothing;
  const past = item.owners.filter((_owner, index) => owners[index] !== "solid").map(({ uid }) => uid);
  if (owners.includes("solid")) return past.length > 0 ? { do: "disown", ownerUids: past } : nothing;
  if (owners.includes("waiting") && dependents.length > 0) {
    return dependents.some(waitsForDependents) ? { do: "unblock" } : { do: "delete", policy: "Foreground" };
  }
  return { do: "delete", policy: policyOf(item) };
}

/** A finalizer that was put there before says how its own dependents are to be treated. */
function policyOf({ finalizers }: GraphNode): "Background" | "Foreground" | "Orphan" {
  if (finalizers.includes(orphanFinalizer)) return "Orphan";
  return finalizers.includes(foregroundFinalizer) ? "Foreground" : "Background";
}
