/**
 * `matchLabelKeys` and `mismatchLabelKeys` mean the values that the new pod itself has: they are written into the selectors
 * once, so that later changes of its labels change nothing (KEP-3633, KEP-3243).
 */
import type { IPod } from "kubernetes-models/v1/Pod";
import type { LabelSelector } from "../label_selector.ts";

interface Keyed {
  labelSelector?: LabelSelector;
  readonly matchLabelKeys?: readonly string[];
  readonly mismatchLabelKeys?: readonly string[];
}

/** In place. */
export function fixLabelKeys({ metadata, spec }: IPod): void {
  const labels = metadata?.labels;
  if (!labels || !spec) return;
  for (const kind of ["podAffinity", "podAntiAffinity"] as const) {
    const terms = spec.affinity?.[kind];
    for (const term of terms?.requiredDuringSchedulingIgnoredDuringExecution ?? []) narrow(term, labels);
    for (const { podAffinityTerm } of terms?.preferredDuringSchedulingIgnoredDuringExecution ?? []) {
      if (podAffinityTerm) narrow(podAffinityTerm, labels);
    }
  }
  for (const constraint of spec.topologySpreadConstraints ?? []) narrow(constraint, labels);
}

function narrow(term: Keyed, labels: Readonly<Record<string, string>>): void {
  const added = [
    ...expressions(term.matchLabelKeys, "In", labels),
    ...expressions(term.mismatchLabelKeys, "NotIn", labels),
  ];
  const selector = term.labelSelector;
  if (!selector || added.length === 0) return;
  selector.matchExpressions = [...selector.matchExpressions ?? [], ...added];
}

function expressions(keys: readonly string[] = [], operator: string, labels: Readonly<Record<string, string>>) {
  return keys.flatMap((key) => labels[key] === undefined ? [] : [{ key, operator, values: [labels[key]] }]);
}
