/** The spec of an access review, and what is wrong with one. Pure; words are upstream's. */
import type { User } from "../../auth/user.ts";
import { type FieldError, forbidden, invalidValue, qualifiedName, required } from "../../schema/mod.ts";

interface Requirement {
  readonly key?: string;
  readonly operator?: string;
  readonly values?: readonly string[];
}

export interface SelectorAttributes {
  readonly rawSelector?: string;
  readonly requirements?: readonly Requirement[];
}

interface ResourceAttributes {
  readonly group?: string;
  readonly version?: string;
  readonly resource?: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly verb?: string;
  readonly fieldSelector?: SelectorAttributes;
  readonly labelSelector?: SelectorAttributes;
}

export interface AccessSpec {
  readonly resourceAttributes?: ResourceAttributes;
  readonly nonResourceAttributes?: { readonly path?: string; readonly verb?: string };
  readonly user?: string;
  readonly groups?: readonly string[];
  readonly uid?: string;
  readonly extra?: User["extra"];
}

export interface Sent {
  readonly aboutOthers: boolean;
  /** That it was sent to; empty: to the cluster. */
  readonly namespace: string;
}

export function checkAccess(spec: AccessSpec, { aboutOthers, namespace }: Sent): FieldError[] {
  const { resourceAttributes: asked, nonResourceAttributes: path, user, groups = [] } = spec;
  const errors: FieldError[] = [];
  const wrong = (field: string, value: unknown, why: string) =>
    errors.push(invalidValue(`spec${field && "."}${field}`, value, why));
  // Upstream shows its inner form.
  const shown = { Path: path?.path ?? "", Verb: path?.verb ?? "" };
  if (asked && path) {
    wrong("nonResourceAttributes", shown, "cannot be specified in combination with resourceAttributes");
  }
  if (!asked && !path) {
    wrong("resourceAttributes", null, "exactly one of nonResourceAttributes or resourceAttributes must be specified");
  }
  errors.push(...checkSelectors(asked ?? {}));
  if (aboutOthers && !user && groups.length === 0) wrong("user", "", "at least one of user or group must be specified");
  if (!namespace) return errors;
  if (asked && (asked.namespace ?? "") !== namespace) {
    wrong("resourceAttributes.namespace", asked.namespace ?? "", "must match metadata.namespace");
  }
  if (path) wrong("nonResourceAttributes", shown, "disallowed on this kind of request");
  return errors;
}

function checkSelectors({ fieldSelector, labelSelector }: ResourceAttributes): FieldError[] {
  const place = "spec.resourceAttributes";
  return [
    ...(fieldSelector ? checkSelector(`${place}.fieldSelector`, fieldSelector, () => []) : []),
    ...(labelSelector ? checkSelector(`${place}.labelSelector`, labelSelector, checkLabelKey) : []),
  ];
}

type KeyCheck = (field: string, key: string) => FieldError[];

function checkSelector(
  field: string,
  { rawSelector, requirements = [] }: SelectorAttributes,
  checkKey: KeyCheck,
): FieldError[] {
  const both = rawSelector && requirements.length > 0
    ? [invalidValue(`${field}.rawSelector`, rawSelector, "may not specified at the same time as requirements")]
    : [];
  if (!rawSelector && requirements.length === 0) {
    return [required(`${field}.requirements`, `when ${field} is specified, requirements or rawSelector is required`)];
  }
  return [
    ...both,
    ...requirements.flatMap((one, at) => checkRequirement(`${field}.requirements[${at}]`, one, checkKey)),
  ];
}

function checkRequirement(field: string, { key = "", operator = "", values = [] }: Requirement, checkKey: KeyCheck) {
  const keyErrors = key ? checkKey(`${field}.key`, key) : [required(`${field}.key`, "must be specified")];
  return [...keyErrors, ...checkValues(field, operator, values)];
}

/** Operators that are not known are let through: somebody's authorizer may know them. */
function checkValues(field: string, operator: string, values: readonly string[]): FieldError[] {
  if (["In", "NotIn"].includes(operator) && values.length === 0) {
    return [required(`${field}.values`, "must be specified when `operator` is 'In' or 'NotIn'")];
  }
  if (["Exists", "DoesNotExist"].includes(operator) && values.length > 0) {
    const why = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
    return [forbidden(`${field}.values`, why)];
  }
  return operator ? [] : [required(`${field}.operator`, "must be specified")];
}

const checkLabelKey: KeyCheck = (field, key) => {
  return qualifiedName(key).map((why) => invalidValue(field, key, why));
};
