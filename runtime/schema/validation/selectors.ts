/** Label selectors inside objects, and the terms that select nodes. */
import type { LabelSelector } from "../label_selector.ts";
import { dnsSubdomain, labelValueName, qualifiedName } from "./names.ts";
import type { Report } from "./report.ts";

export function validateLabelSelector(selector: LabelSelector | undefined, report: Report): void {
  if (!selector) return;
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) {
    report.at("matchLabels").named(key, qualifiedName);
    report.at("matchLabels").named(value, labelValueName);
  }
  selector.matchExpressions?.forEach((one, i) => validateExpression(one, report.at("matchExpressions", i)));
}

/** As Go prints one: fields in its order, keys sorted. */
export function goSelector({ matchLabels, matchExpressions }: LabelSelector): object {
  return {
    matchLabels: matchLabels && Object.fromEntries(Object.entries(matchLabels).sort()),
    matchExpressions: matchExpressions?.map(({ key, operator, values }) => ({ key, operator, values })),
  };
}

type Expression = NonNullable<LabelSelector["matchExpressions"]>[number];

function validateExpression({ key, operator, values }: Expression, report: Report): void {
  const count = values?.length ?? 0;
  switch (operator) {
    case "In":
    case "NotIn":
      if (count === 0) report.at("values").required("must be specified when `operator` is 'In' or 'NotIn'");
      break;
    case "Exists":
    case "DoesNotExist":
      if (count > 0) {
        report.at("values").forbidden("may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
      }
      break;
    default:
      report.at("operator").invalid(operator ?? "", "not a valid selector operator");
  }
  report.at("key").named(key ?? "", qualifiedName);
  values?.forEach((value, i) => report.at("values", i).named(value, labelValueName));
}

interface NodeSelectorTerm {
  matchExpressions?: Expression[];
  matchFields?: Expression[];
}

/** `isDemand`: nodes without it are no choice, so its values have to be ones that a label can have. */
export function validateNodeSelectorTerm(term: NodeSelectorTerm, report: Report, isDemand = false): void {
  term.matchExpressions?.forEach((one, i) => {
    const place = report.at("matchExpressions", i);
    validateNodeExpression(one, place);
    if (isDemand) one.values?.forEach((value, j) => place.at("values", j).named(value, labelValueName));
  });
  term.matchFields?.forEach((one, i) => validateNodeField(one, report.at("matchFields", i)));
}

export function validateNodeSelector(terms: NodeSelectorTerm[] | undefined, report: Report): void {
  if (!terms?.length) report.required("must have at least one node selector term");
  terms?.forEach((term, i) => validateNodeSelectorTerm(term, report.at(i), true));
}

function validateNodeField({ key, operator, values = [] }: Expression, report: Report): void {
  if (operator !== "In" && operator !== "NotIn") {
    report.at("operator").invalid(operator ?? "", "not a valid selector operator");
  } else if (values.length !== 1) {
    report.at("values").required("must be only one value when `operator` is 'In' or 'NotIn' for node field selector");
  }
  if (key !== "metadata.name") return report.at("key").invalid(key ?? "", "not a valid field selector key");
  values.forEach((value, i) => report.at("values", i).named(value, dnsSubdomain));
}

function validateNodeExpression({ key, operator, values }: Expression, report: Report): void {
  const count = values?.length ?? 0;
  if (operator === "In" || operator === "NotIn") {
    if (count === 0) report.at("values").required("must be specified when `operator` is 'In' or 'NotIn'");
  } else if (operator === "Exists" || operator === "DoesNotExist") {
    if (count > 0) report.at("values").forbidden("may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
  } else if (operator === "Gt" || operator === "Lt") {
    if (count !== 1) report.at("values").required("must be specified single value when `operator` is 'Lt' or 'Gt'");
  } else {
    report.at("operator").invalid(operator ?? "", "not a valid selector operator");
  }
  report.at("key").named(key ?? "", qualifiedName);
}
