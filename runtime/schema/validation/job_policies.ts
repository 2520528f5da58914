/** When a Job counts as failed or done before all its pods say so (KEP-3329, KEP-3998). */
import type { IJobSpec } from "kubernetes-models/batch/v1/JobSpec";
import type { Report } from "./report.ts";
import { type Check, fewerThan, isEmpty, required, rules, unique } from "./rules.ts";

const mostRules = 20;
const mostCodes = 255;

const oneCause: Check = (value, report) => {
  const { onExitCodes, onPodConditions } = value as Record<string, unknown>;
  if (onExitCodes && !isEmpty(onPodConditions)) {
    report.invalid("", "specifying both OnExitCodes and OnPodConditions is not supported");
  } else if (!onExitCodes && isEmpty(onPodConditions)) {
    report.invalid("", "specifying one of OnExitCodes and OnPodConditions is required");
  }
};

const codes: Check = (value, report, { operator }) => {
  const list = (value ?? []) as number[];
  if (list.length === 0) return report.invalid([], "at least one value is required");
  if (list.some((code, i) => i > 0 && code < list[i - 1]!)) report.invalid(list, "must be ordered");
  list.forEach((code, i) => {
    if (code === 0 && operator === "In") report.at(i).invalid(code, "must not be 0 for the In operator");
  });
};

const someSuccess: Check = (value, report) => {
  const { succeededCount, succeededIndexes } = value as Record<string, unknown>;
  if (succeededCount === undefined && succeededIndexes === undefined) {
    report.required("at least one of succeededCount or succeededIndexes must be specified");
  }
};

const walk = rules(
  ["podFailurePolicy.rules", fewerThan(mostRules)],
  ["podFailurePolicy.rules[].action", required('valid values: "Count", "FailIndex", "FailJob", "Ignore"')],
  ["podFailurePolicy.rules[]", oneCause],
  ["podFailurePolicy.rules[].onExitCodes.operator", required('valid values: "In", "NotIn"')],
  ["podFailurePolicy.rules[].onExitCodes.values", codes, fewerThan(mostCodes), unique()],
  ["podFailurePolicy.rules[].onPodConditions", fewerThan(mostRules)],
  ["podFailurePolicy.rules[].onPodConditions[].status", required('valid values: "False", "True", "Unknown"')],
  ["successPolicy.rules", required("at least one rules must be specified"), fewerThan(mostRules)],
  ["successPolicy.rules[]", someSuccess],
  ["successPolicy.rules[].succeededCount", (value, report) => report.nonNegative(value as number | undefined)],
);

export function validateJobPolicies(spec: IJobSpec, report: Report): void {
  walk(spec, report);
  const { podFailurePolicy, successPolicy, backoffLimitPerIndex, completionMode, template } = spec;
  if (successPolicy && completionMode !== "Indexed") {
    report.at("successPolicy").invalid(successPolicy, "requires indexed completion mode");
  }
  const { containers = [], initContainers = [] } = template?.spec ?? {};
  const names = new Set([...containers, ...initContainers].map(({ name }) => name));
  podFailurePolicy?.rules?.forEach(({ action, onExitCodes }, i) => {
    const place = report.at("podFailurePolicy", "rules", i);
    if (action === "FailIndex" && backoffLimitPerIndex === undefined) {
      place.at("action").invalid(action, "requires the backoffLimitPerIndex to be set");
    }
    const container = onExitCodes?.containerName;
    if (container !== undefined && !names.has(container)) {
      place.at("onExitCodes", "containerName").invalid(
        container,
        "must be one of the container or initContainer names in the pod template",
      );
    }
  });
}
