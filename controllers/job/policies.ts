/**
 * A Job's own rules about the ends of its pods: `podFailurePolicy` and `successPolicy`. Pure.
 *
 * Law: the first rule that matches decides; a failure that no rule matches counts.
 *
 * Source: KEP-3329 (pod failure policy), KEP-3850 (back-off limit per index), KEP-3998 (success policy).
 */
import type { IContainerStatus } from "kubernetes-models/v1/ContainerStatus";
import type { IJobSpec } from "kubernetes-models/batch/v1/JobSpec";
import type { IPodFailurePolicyRule } from "kubernetes-models/batch/v1/PodFailurePolicyRule";
import { parseIndexes } from "./indexes.ts";
import type { PodObject } from "../objects/pod_state.ts";

export interface FailureVerdict {
  readonly action: "Count" | "FailIndex" | "FailJob" | "Ignore";
  /** Why the whole Job fails; only of `FailJob`. */
  readonly message?: string;
}

const counts: FailureVerdict = { action: "Count" };

/** What the failure of this pod means to its Job. */
export function failureVerdict({ podFailurePolicy }: IJobSpec, pod: PodObject): FailureVerdict {
  for (const [position, rule] of (podFailurePolicy?.rules ?? []).entries()) {
    const what = rule.onExitCodes ? exitThatMatches(rule, pod) : conditionThatMatches(rule, pod);
    if (what === undefined) continue;
    const action = rule.action as FailureVerdict["action"];
    return action === "FailJob"
      ? { action, message: `${what} matching FailJob rule at index ${position}` }
      : { action };
  }
  return counts;
}

function exitThatMatches({ onExitCodes }: IPodFailurePolicyRule, { metadata, status }: PodObject): string | undefined {
  const { containerName, operator, values } = onExitCodes!;
  const matches = ({ name, state }: IContainerStatus) => {
    const code = state?.terminated?.exitCode ?? 0;
    if (code === 0 || (containerName !== undefined && containerName !== name)) return false;
    return values.includes(code) === (operator === "In");
  };
  const found = [...status?.containerStatuses ?? [], ...status?.initContainerStatuses ?? []].find(matches);
  if (!found) return undefined;
  const code = found.state!.terminated!.exitCode;
  return `Container ${found.name} for pod ${metadata.namespace}/${metadata.name} failed with exit code ${code}`;
}

function conditionThatMatches({ onPodConditions }: IPodFailurePolicyRule, { metadata, status }: PodObject) {
  const matches = ({ type, status }: { type: string; status: string }) =>
    onPodConditions?.some((pattern) => pattern.type === type && (pattern.status ?? "True") === status);
  const found = status?.conditions?.find(matches);
  return found && `Pod ${metadata.namespace}/${metadata.name} has condition ${found.type}`;
}

/** Why the Job has succeeded before all its indexes have; undefined while it has not. */
export function successOf({ successPolicy, completions = 0 }: IJobSpec, done: ReadonlySet<number>): string | undefined {
  const rules = successPolicy?.rules ?? [];
  const met = rules.findIndex(({ succeededIndexes, succeededCount }) => {
    const asked = succeededIndexes === undefined ? undefined : parseIndexes(succeededIndexes, completions);
    const won = asked ? asked.intersection(done).size : done.size;
    return won >= (succeededCount ?? asked?.size ?? Infinity);
  });
  return met < 0 ? undefined : `Matched rules at index ${met}`;
}
