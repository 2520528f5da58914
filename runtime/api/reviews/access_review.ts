/** SubjectAccessReview, Local- and SelfSubjectAccessReview: one question to the authorizers. */
import type { Attributes, Authorizer, User } from "../../auth/user.ts";
import { type AccessSpec, checkAccess, type SelectorAttributes } from "./access_spec.ts";
import type { Judge, Spec } from "./judge.ts";

/** `subject`: about whom, from the spec and from who asks. */
export function accessReview(authorize: Authorizer, subject: (spec: Spec, user: User) => User): Judge {
  return {
    check: (spec, namespace) => checkAccess(spec as AccessSpec, { aboutOthers: subject === subjectOf, namespace }),
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
