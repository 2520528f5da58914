/** Rules about a node's labels and name. Source: core/v1 NodeSelector; terms are ORed, expressions of a term ANDed. */
import type { INodeSelector } from "kubernetes-models/v1/NodeSelector";
import type { INodeSelectorTerm } from "kubernetes-models/v1/NodeSelectorTerm";
import type { IPodSpec } from "kubernetes-models/v1/PodSpec";
import type { NodeState } from "../node_state.ts";
import { isInteger } from "./tolerations.ts";

interface Requirement {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

/** `nodeSelector` and required node affinity together; undefined when the pod has neither. */
export function requiredNodes(spec: IPodSpec): ((node: NodeState) => boolean) | undefined {
  const wanted = Object.entries(spec.nodeSelector ?? {});
  const { requiredDuringSchedulingIgnoredDuringExecution: required } = spec.affinity?.nodeAffinity ?? {};
  if (wanted.length === 0 && !required) return undefined;
  return (node) =>
    wanted.every(([key, value]) => node.labels[key] === value) &&
    (!required || nodeSelectorMatches(required, node));
}

export function nodeSelectorMatches({ nodeSelectorTerms }: INodeSelector, node: NodeState): boolean {
  return nodeSelectorTerms.some((term) => matchesTerm(term, node));
}

/** A term without any rule matches nothing. */
export function matchesTerm({ matchExpressions = [], matchFields = [] }: INodeSelectorTerm, node: NodeState): boolean {
  if (matchExpressions.length + matchFields.length === 0) return false;
  return matchExpressions.every((rule) => matchesRule(rule, node.labels[rule.key])) &&
    matchFields.every((rule) => matchesRule(rule, rule.key === "metadata.name" ? node.name : undefined));
}

function matchesRule({ operator, values = [] }: Requirement, actual: string | undefined): boolean {
  switch (operator) {
    case "In":
      return actual !== undefined && values.includes(actual);
    case "NotIn":
      return actual === undefined || !values.includes(actual);
    case "Exists":
      return actual !== undefined;
    case "DoesNotExist":
      return actual === undefined;
    case "Gt":
    case "Lt":
      return compares(operator, actual ?? "", values[0] ?? "");
    default:
      return false;
  }
}

function compares(operator: "Gt" | "Lt", actual: string, bound: string): boolean {
  if (!isInteger(actual) || !isInteger(bound)) return false;
  return operator === "Gt" ? BigInt(actual) > BigInt(bound) : BigInt(actual) < BigInt(bound);
}
