/** Kinds that are asked, not stored: who is this, may they do that, what may I do. */
import type { User } from "../../auth/user.ts";
import { apiVersionOf, type FieldError, invalid, type KubeObject, StatusError } from "../../schema/mod.ts";
import { answer } from "../http/answer.ts";
import { writeCallOf } from "../http/exchange.ts";
import { bodyObject, type Handler } from "../http/object_routes.ts";
import { decodeBody } from "../objects/decode_body.ts";
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

function handler({ check, judge, tellsSpec = true }: Judge): Handler {
  return async (exchange) => {
    const { object, duplicates } = await bodyObject(exchange);
    const { resource, encoding, path } = exchange;
    decodeBody(resource, object, writeCallOf(exchange, "CreateOptions", duplicates));
    const spec = (object.spec ?? {}) as Spec;
    const metadata = inNamespace(object, path.namespace);
    const errors = check?.(spec, path.namespace) ?? [];
    if (errors.length > 0) throw unnamed(resource.group, errors);
    const review: KubeObject = {
      kind: resource.kind,
      apiVersion: apiVersionOf(resource),
      metadata: { creationTimestamp: undefined, ...metadata },
      spec: tellsSpec ? spec : {},
      status: await judge(spec, exchange) as KubeObject["status"],
    };
    return answer(encoding.value(review), encoding.contentType, 201);
  };
}

/** A LocalSubjectAccessReview is about the namespace that it is sent to. */
function inNamespace({ metadata }: KubeObject, namespace: string): KubeObject["metadata"] {
  if (!namespace) return metadata;
  if (metadata?.namespace && metadata.namespace !== namespace) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
  return { ...metadata, namespace };
}

/** Upstream does not say of which kind a faulty review is. */
function unnamed(group: string, errors: FieldError[]): StatusError {
  const { message, details } = invalid({ group, kind: "" }, "", errors);
  const { causes } = details;
  return new StatusError("Invalid", message, { group, causes });
}
