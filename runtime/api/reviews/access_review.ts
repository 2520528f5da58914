/** SubjectAccessReview, Local- and SelfSubjectAccessReview: one question to the authorizers. */
import type { Attributes, Authorizer, User } from "../../auth/user.ts";
import type { FieldError } from "../../schema/mod.ts";
import type { Judge, Spec } from "./judge.ts";

interface Requirement {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

interface SelectorAttributes {
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

interface AccessSpec {
  readonly resourceAttributes?: ResourceAttributes;
  readonly nonResourceAttributes?: { readonly path?: string; readonly verb?: string };
  readonly user?: string;
  readonly groups?: readonly string[];
  readonly uid?: string;
  readonly extra?: User["extra"];
}

/** `subject`: about whom, from the spec and from who asks. */
export function accessReview(authorize: Authorizer, subject: (spec: Spec, user: User) => User): Judge {
  return {
    check: (spec) => checkSpec(spec as AccessSpec, subject === subjectOf),
    async judge(spec, { user }) {
      const { allowed, denied, reason } = await authorize(attributesOf(spec as AccessSpec, subject(spec, user)));
      return { allowed, ...(denied ? { denied } : {}), ...(reason ? { reason } : {}) };
    },
  };
}

export function subjectOf(spec: Spec): User {
  const { user = "", groups = [], uid, extra } = spec as AccessSpec;
  return { name: user, groups, uid, extra };
}

function checkSpec(spec: AccessSpec, aboutOthers: boolean): FieldError[] {
  const { resourceAttributes, nonResourceAttributes, user, groups = [] } = spec;
  const errors: FieldError[] = [];
  const wrong = (field: string, value: string, message: string) =>
    errors.push({ reason: "FieldValueInvalid", field, message: `Invalid value: ${value}: ${message}` });
  if (resourceAttributes && nonResourceAttributes) {
    wrong(
      "spec.nonResourceAttributes",
      shown(nonResourceAttributes),
      "cannot be specified in combination with resourceAttributes",
    );
  }
  if (!resourceAttributes && !nonResourceAttributes) {
    wrong(
      "spec.resourceAttributes",
      "null",
      "exactly one of nonResourceAttributes or resourceAttributes must be specified",
    );
  }
  if (aboutOthers && !user && groups.length === 0) {
    wrong("spec.user", '""', "at least one of user or group must be specified");
  }
  return errors;
}

function shown(value: object): string {
  return JSON.stringify(value);
}

function attributesOf({ resourceAttributes: asked, nonResourceAttributes: other }: AccessSpec, user: User): Attributes {
  if (!asked) return { user, verb: other?.verb ?? "", path: other?.path ?? "" };
  const { group = "", version = "", resource = "", subresource, namespace, name, verb = "" } = asked;
  return {
    user,
    verb,
    path: "",
    resource: {
      group,
      version,
      plural: resource,
      subresource: subresource || undefined,
      namespace: namespace || undefined,
      name: name || undefined,
      fieldSelector: selectorText(asked.fieldSelector),
      labelSelector: selectorText(asked.labelSelector),
    },
  };
}

/** Only the requirements that a decision can narrow by: a value that a field must have. */
function selectorText(selector: SelectorAttributes | undefined): string | undefined {
  if (!selector?.requirements) return selector?.rawSelector || undefined;
  const exact = selector.requirements.filter(({ operator, values }) => operator === "In" && values?.length === 1);
  return exact.map(({ key, values }) => `${key}=${values![0]}`).join(",") || undefined;
}
