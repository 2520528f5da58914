/** `conditions[]` of the kinds that have metav1.Condition. Source: API conventions, "Typical status properties". */
import { qualifiedName } from "./names.ts";
import type { Report } from "./report.ts";

interface Condition {
  readonly type?: string;
  readonly status?: string;
  readonly reason?: string;
}

const reason = /^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/;
const reasonRule = "a condition reason must start with alphabetic character, optionally followed by a string of " +
  "alphanumeric characters or '_,:', and must end with an alphanumeric character or '_' (e.g. 'my_name',  or 'MY_NAME',  " +
  "or 'MyName',  or 'ReasonA,ReasonB',  or 'ReasonA:ReasonB', regex used for validation is " +
  "'[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?')";

export function validateConditions(conditions: readonly Condition[] | undefined, report: Report): void {
  conditions?.forEach((condition, i) => {
    const place = report.at(i);
    place.at("type").named(condition.type ?? "", qualifiedName);
    if (conditions.findIndex(({ type }) => type === condition.type) < i) place.at("type").duplicate(condition.type);
    place.at("status").oneOf(condition.status ?? "", ["False", "True", "Unknown"]);
    if (!condition.reason) place.at("reason").required();
    else if (!reason.test(condition.reason)) place.at("reason").invalid(condition.reason, reasonRule);
  });
}
