/**
 * One term of a rule about other pods, made into a question once. Source: core/v1 PodAffinityTerm; KEP-2249 (namespace
 * selector), KEP-3633 (matchLabelKeys, mismatchLabelKeys).
 */
import type { IPodAffinityTerm } from "kubernetes-models/v1/PodAffinityTerm";
import { compileLabelSelector } from "../../../runtime/schema/label_selector.ts";
import type { Cluster } from "../cluster.ts";

type Labels = Readonly<Record<string, string>>;

export interface PodTerm {
  readonly topologyKey: string;
  /** Whether a pod of this namespace with these labels is meant. */
  matches(pod: { readonly namespace: string; readonly labels: Labels }): boolean;
}

/** `owner` is the pod that has the rule. */
export function podTerm(
  term: IPodAffinityTerm,
  owner: { readonly namespace: string; readonly labels: Labels },
  { namespaces }: Cluster,
): PodTerm {
  const selects = compileLabelSelector(withLabelKeys(term, owner.labels));
  const named = new Set(term.namespaces ?? []);
  // An absent selector of namespaces selects none, an empty one all (API field namespaceSelector).
  const selectsNamespace = compileLabelSelector(term.namespaceSelector);
  const own = named.size === 0 && term.namespaceSelector === undefined;
  const inNamespace = (name: string) =>
    own ? name === owner.namespace : named.has(name) || selectsNamespace(namespaces.get(name) ?? {});
  return {
    topologyKey: term.topologyKey,
    matches: ({ namespace, labels }) => inNamespace(namespace) && selects(labels),
  };
}

function withLabelKeys({ labelSelector, matchLabelKeys, mismatchLabelKeys }: IPodAffinityTerm, labels: Labels) {
  if (!labelSelector || (!matchLabelKeys && !mismatchLabelKeys)) return labelSelector;
  const expressions = (keys: readonly string[] = [], operator: string) =>
    keys.filter((key) => labels[key] !== undefined).map((key) => ({ key, operator, values: [labels[key]!] }));
  return {
    ...labelSelector,
    matchExpressions: [
      ...labelSelector.matchExpressions ?? [],
      ...expressions(matchLabelKeys, "In"),
      ...expressions(mismatchLabelKeys, "NotIn"),
    ],
  };
}
