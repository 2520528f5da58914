/** When a Job counts as failed or done before all its pods say so (KEP-3329, KEP-3998). */
import type { IJobSpec } from "kubernetes-models/batch/v1/JobSpec";
import { goPrinted, successPolicyShape } from "./go_shape.ts";
import { qualifiedName } from "./names.ts";
import type { Report } from "./report.ts";

const mostRules = 20;
const mostCodes = 255;

const actions = ["Count", "FailIndex", "FailJob", "Ignore"];
const operators = ["In", "NotIn"];
const statuses = ["False", "True", "Unknown"];

/** Upstream lists what there is in Go's way when nothing is said. */
function choice(value: string | undefined, values: readonly string[], report: Report): void {
  if (value) report.oneOf(value, values);
  else report.required(`valid values: [${values.map((one) => JSON.stringify(one)).join(" ")}]`);
}

export function validateJobPolicies(spec: IJobSpec, report: Report): void {
  if (spec.podFailurePolicy) validateFailurePolicy(spec, report.at("podFailurePolicy", "rules"));
  if (!spec.successPolicy) return;
  if (spec.completionMode === "Indexed") validateSuccessPolicy(spec, report.at("successPolicy", "rules"));
  else {
    const shown = goPrinted(successPolicyShape, spec.successPolicy);
    report.at("successPolicy").invalid(shown, "requires indexed completion mode");
  }
}

type FailurePolicy = NonNullable<IJobSpec["podFailurePolicy"]>;
type FailureRule = FailurePolicy["rules"][number];

function validateFailurePolicy({ podFailurePolicy, backoffLimitPerIndex, template }: IJobSpec, report: Report): void {
  const list = podFailurePolicy?.rules ?? [];
  if (list.length > mostRules) return report.tooMany(list.length, mostRules);
  const { containers = [], initContainers = [] } = template?.spec ?? {};
  const names = new Set([...containers, ...initContainers].map(({ name }) => name));
  list.forEach((rule, i) => {
    const place = report.at(i);
    if (rule.action === "FailIndex" && backoffLimitPerIndex === undefined) {
      place.at("action").invalid(rule.action, "requires the backoffLimitPerIndex to be set");
    }
    choice(rule.action, actions, place.at("action"));
    if (rule.onExitCodes) validateCodes(rule.onExitCodes, names, place.at("onExitCodes"));
    validateConditions(rule.onPodConditions ?? [], place.at("onPodConditions"));
    validateCause(rule, place);
  });
}

function validateCause({ onExitCodes, onPodConditions }: FailureRule, report: Report): void {
  const hasConditions = (onPodConditions?.length ?? 0) > 0;
  if (onExitCodes && hasConditions) {
    report.invalidWhole("specifying both OnExitCodes and OnPodConditions is not supported");
  } else if (!onExitCodes && !hasConditions) {
    report.invalidWhole("specifying one of OnExitCodes and OnPodConditions is required");
  }
}

type Codes = NonNullable<FailureRule["onExitCodes"]>;

function validateCodes({ operator, values, containerName }: Codes, names: ReadonlySet<string>, report: Report): void {
  choice(operator, operators, report.at("operator"));
  if (containerName !== undefined && !names.has(containerName)) {
    const words = "must be one of the container or initContainer names in the pod template";
    report.at("containerName").invalid(containerName, words);
  }
  const place = report.at("values");
  const list = values ?? [];
  if (list.length === 0) return place.invalid(values, "at least one value is required");
  if (list.length > mostCodes) return place.tooMany(list.length, mostCodes);
  const seen = new Set<number>();
  list.forEach((code, i) => {
    if (code === 0 && operator === "In") place.at(i).invalid(code, "must not be 0 for the In operator");
    if (seen.has(code)) place.at(i).duplicate(code);
    seen.add(code);
  });
  if (list.some((code, i) => i > 0 && code < list[i - 1]!)) place.invalid(list, "must be ordered");
}

type Conditions = NonNullable<FailureRule["onPodConditions"]>;

function validateConditions(conditions: Conditions, report: Report): void {
  if (conditions.length > mostRules) return report.tooMany(conditions.length, mostRules);
  conditions.forEach(({ type = "", status }, i) => {
    report.at(i, "type").named(type, qualifiedName);
    choice(status, statuses, report.at(i, "status"));
  });
}

function validateSuccessPolicy({ successPolicy, completions = 0 }: IJobSpec, report: Report): void {
  const list = successPolicy?.rules ?? [];
  if (list.length === 0) report.required("at least one rules must be specified when the successPolicy is specified");
  if (list.length > mostRules) return report.tooMany(list.length, mostRules);
  list.forEach(({ succeededCount: count, succeededIndexes: indexes }, i) => {
    if (count === undefined && indexes === undefined) {
      report.at(i).required("at least one of succeededCount or succeededIndexes must be specified");
    }
    const chosen = indexes === undefined ? undefined : validateRanges(indexes, completions, report.at(i));
    if (count === undefined) return;
    const place = report.at(i, "succeededCount");
    place.nonNegative(count);
    if (count > completions) {
      place.invalid(count, `must be less than or equal to ${completions} (the number of specified completions)`);
    }
    if (chosen === undefined || count <= chosen) return;
    const words =
      `must be less than or equal to ${chosen} (the number of indexes in the specified succeededIndexes field)`;
    place.invalid(count, words);
  });
}

/** How many indexes `0-2,4` names; undefined where it is no list of ranges that ascend. */
function validateRanges(text: string, completions: number, report: Report): number | undefined {
  const refuse = (why: string) => {
    report.at("succeededIndexes").invalid(text, `error parsing succeededIndexes: ${why}`);
    return undefined;
  };
  let [total, previous] = [0, -1];
  for (const range of text === "" ? [] : text.split(",")) {
    const ends = range.split("-");
    if (ends.length > 2) {
      return refuse(
        `the fragment ${JSON.stringify(range)} violates the requirement that an index interval can have at most two ` +
          "parts separated by '-'",
      );
    }
    const from = previous;
    for (const end of ends) {
      if (!/^\d+$/.test(end)) return refuse(`cannot convert string to integer for index: ${JSON.stringify(end)}`);
      if (Number(end) >= completions) return refuse(`too large index: ${JSON.stringify(end)}`);
      if (previous >= Number(end)) {
        return refuse(`non-increasing order, previous: ${previous}, current: ${Number(end)}`);
      }
      previous = Number(end);
    }
    total += ends.length === 2 ? previous - Number(ends[0]) + 1 : from < previous ? 1 : 0;
  }
  return total;
}
