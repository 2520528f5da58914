/**
 * What a namespace that goes still holds, and how its status tells of it. Pure.
 *
 * Source: v1 NamespaceCondition; wording follows Kubernetes.
 */
import type { INamespaceCondition } from "kubernetes-models/v1/NamespaceCondition";
import { groupOf } from "../objects/discovery.ts";
import { timestamp, withCondition } from "../objects/conditions.ts";
import type { Kind } from "../../runtime/schema/mod.ts";

export interface Remains {
  readonly kind: Kind<unknown>;
  readonly count: number;
  /** Finalizer to how many of the objects still carry it. */
  readonly finalizers: ReadonlyMap<string, number>;
}

export interface Emptying {
  readonly remains: readonly Remains[];
  /** What discovery could not tell. */
  readonly undiscovered: readonly string[];
  /** What could not be deleted. */
  readonly failures: readonly string[];
}

export function contentConditions(
  before: readonly INamespaceCondition[] | undefined,
  { remains, undiscovered, failures }: Emptying,
  now: number,
): INamespaceCondition[] {
  const left = remains.filter(({ count }) => count > 0);
  const held = finalizerCounts(left);
  const rows: [string, string, string, string, string][] = [
    [
      "NamespaceDeletionDiscoveryFailure",
      undiscovered.length > 0 ? "DiscoveryFailed" : "",
      "ResourcesDiscovered",
      `Discovery failed for some groups, ${undiscovered.length} failing: ${undiscovered.join("; ")}`,
      "All resources successfully discovered",
    ],
    [
      "NamespaceDeletionGroupVersionParsingFailure",
      "",
      "ParsedGroupVersions",
      "",
      "All legacy kube types successfully parsed",
    ],
    [
      "NamespaceDeletionContentFailure",
      failures.length > 0 ? "ContentDeletionFailed" : "",
      "ContentDeleted",
      `Failed to delete all resource types, ${failures.length} remaining: ${failures.join("; ")}`,
      "All content successfully deleted, may be waiting on finalization",
    ],
    [
      "NamespaceContentRemaining",
      left.length > 0 ? "SomeResourcesRemain" : "",
      "ContentRemoved",
      `Some resources are remaining: ${left.map(describe).sort().join(", ")}`,
      "All content successfully removed",
    ],
    [
      "NamespaceFinalizersRemaining",
      held.length > 0 ? "SomeFinalizersRemain" : "",
      "ContentHasNoFinalizers",
      `Some content in the namespace has finalizers remaining: ${held.join(", ")}`,
      "All content-preserving finalizers finished",
    ],
  ];
  let conditions = [...(before ?? [])];
  for (const [type, trouble, fine, message, fineMessage] of rows) {
    const next = trouble
      ? { type, status: "True", reason: trouble, message }
      : { type, status: "False", reason: fine, message: fineMessage };
    conditions = withCondition(conditions, next, { now: timestamp(now) });
  }
  return conditions;
}

function describe({ kind, count }: Remains): string {
  return `${kind.plural}.${groupOf(kind.apiVersion)} has ${count} resource instances`;
}

function finalizerCounts(remains: readonly Remains[]): string[] {
  const counts = new Map<string, number>();
  for (const { finalizers } of remains) {
    for (const [name, count] of finalizers) counts.set(name, (counts.get(name) ?? 0) + count);
  }
  return [...counts].sort().map(([name, count]) => `${name} in ${count} resource instances`);
}
