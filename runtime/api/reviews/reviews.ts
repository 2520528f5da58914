/** Kinds that are asked, not stored: who is this, may they do that, what may I do. */
import type { User } from "../../auth/user.ts";
import { apiVersionOf, invalid, type KubeObject } from "../../schema/mod.ts";
import { answer } from "../http/answer.ts";
import { bodyObject, type Handler } from "../http/object_routes.ts";
import { badRequest } from "../objects/refusals.ts";
import { accessReview, subjectOf } from "./access_review.ts";
import { type Judge, type Judges, type Spec, userInfo } from "./judge.ts";
import { rulesReview } from "./rules_review.ts";
import { tokenReview } from "./token_review.ts";

export function reviewRoutes(judges: Judges): ReadonlyMap<string, Readonly<Record<string, Handler>>> {
  const { access, authorize } = judges;
  const review = (subject: (spec: Spec, user: User) => User) => accessReview(authorize, subject);
  const reviews: Readonly<Record<string, Judge>> = {
    "authentication.k8s.io/tokenreviews": tokenReview(judges),
    "authentication.k8s.io/selfsubjectreviews": { judge: (_spec, { user }) => ({ userInfo: userInfo(user) }) },
    "authorization.k8s.io/subjectaccessreviews": review(subjectOf),
    "authorization.k8s.io/localsubjectaccessreviews": review(subjectOf),
    "authorization.k8s.io/selfsubjectaccessreviews": review((_spec, user) => user),
    "authorization.k8s.io/selfsubjectrulesreviews": rulesReview(access),
  };
  return new Map(Object.entries(reviews).map(([name, judge]) => [name, { create: handler(judge) }]));
}

function handler({ check, judge }: Judge): Handler {
  return async (exchange) => {
    const { object } = await bodyObject(exchange);
    const { resource, encoding, path } = exchange;
    const spec = (object.spec ?? {}) as Spec;
    checkNamespace(object, path.namespace);
    const errors = check?.(spec, path.namespace) ?? [];
    if (errors.length > 0) throw invalid(resource, "", errors);
    const review: KubeObject = {
      kind: resource.kind,
      apiVersion: apiVersionOf(resource),
      metadata: { creationTimestamp: undefined, ...object.metadata },
      ...(object.spec ? { spec: object.spec } : {}),
      status: await judge(spec, exchange) as KubeObject["status"],
    };
    return answer(encoding.value(review), encoding.contentType, 201);
  };
}

/** A LocalSubjectAccessReview is about the namespace that it is sent to. */
function checkNamespace({ metadata, spec }: KubeObject, namespace: string): void {
  if (!namespace) return;
  const { resourceAttributes } = (spec ?? {}) as { resourceAttributes?: { namespace?: string } };
  if (metadata?.namespace && metadata.namespace !== namespace) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
  if (resourceAttributes && (resourceAttributes.namespace ?? "") !== namespace) {
    throw badRequest("spec.resourceAttributes.namespace must match namespace: " + namespace);
  }
}
