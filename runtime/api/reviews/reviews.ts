/** Kinds that are asked, not stored: who is this, may they do that, how is the control plane. */
import type { Attributes, Authenticator, Authorizer, User } from "../../auth/user.ts";
import type { TokenIssuer } from "../../auth/service_account_token.ts";
import { apiVersionOf, type KubeObject } from "../../schema/mod.ts";
import { answer } from "../http/answer.ts";
import type { Exchange } from "../http/exchange.ts";
import { bodyObject, type Handler } from "../http/object_routes.ts";
import { badRequest } from "../objects/refusals.ts";

export interface Judges {
  readonly authenticate: Authenticator;
  readonly authorize: Authorizer;
  readonly tokens?: TokenIssuer;
}

type Status = Record<string, unknown>;
type Judge = (spec: Record<string, unknown>, exchange: Exchange) => Promise<Status> | Status;

export function reviewRoutes(judges: Judges): ReadonlyMap<string, Readonly<Record<string, Handler>>> {
  const reviews: Readonly<Record<string, Judge>> = {
    "authentication.k8s.io/tokenreviews": (spec) => tokenReview(judges, spec),
    "authentication.k8s.io/selfsubjectreviews": (_spec, { user }) => ({ userInfo: userInfo(user) }),
    "authorization.k8s.io/subjectaccessreviews": (spec) => accessReview(judges, spec, subjectOf(spec)),
    "authorization.k8s.io/localsubjectaccessreviews": (spec) => accessReview(judges, spec, subjectOf(spec)),
    "authorization.k8s.io/selfsubjectaccessreviews": (spec, { user }) => accessReview(judges, spec, user),
    "authorization.k8s.io/selfsubjectrulesreviews": (spec, { user }) => rulesReview(judges, spec, user),
  };
  return new Map(Object.entries(reviews).map(([name, judge]) => [name, { create: handler(judge) }]));
}

function handler(judge: Judge): Handler {
  return async (exchange) => {
    const { object } = await bodyObject(exchange);
    const { resource, encoding } = exchange;
    const spec = (object.spec ?? {}) as Record<string, unknown>;
    const review: KubeObject = {
      kind: resource.kind,
      apiVersion: apiVersionOf(resource),
      metadata: { creationTimestamp: undefined, ...object.metadata },
      ...(object.spec ? { spec } : {}),
      status: await judge(spec, exchange),
    };
    return answer(encoding.value(review), encoding.contentType, 201);
  };
}

function userInfo({ name, uid, groups, extra }: User) {
  return { username: name, ...(uid ? { uid } : {}), groups: [...groups], ...(extra ? { extra } : {}) };
}

/** A token that is not good is an answer, not an error. */
async function tokenReview({ authenticate, tokens }: Judges, spec: Record<string, unknown>): Promise<Status> {
  const { token, audiences } = spec as { token?: string; audiences?: string[] };
  if (!token) return { authenticated: false, error: "no token was given" };
  try {
    if (audiences?.length && tokens) {
      const verified = await tokens.verify(token, audiences);
      return { authenticated: true, user: userInfo(verified.user), audiences: verified.audiences };
    }
    const user = await authenticate({ authorization: `Bearer ${token}` });
    if (!user) return { authenticated: false };
    return { authenticated: true, user: userInfo(user), audiences: tokens?.audiences };
  } catch (error) {
    return { authenticated: false, error: error instanceof Error ? error.message : String(error) };
  }
}

/** Throws BadRequest. */
function subjectOf(spec: Record<string, unknown>): User {
  const { user, groups, uid, extra } = spec as {
    user?: string;
    groups?: string[];
    uid?: string;
    extra?: User["extra"];
  };
  if (!user && !groups?.length) {
    throw badRequest('spec.user: Invalid value: "": at least one of user or group must be specified');
  }
  return { name: user ?? "", groups: groups ?? [], uid, extra };
}

async function accessReview({ authorize }: Judges, spec: Record<string, unknown>, user: User): Promise<Status> {
  const { allowed, reason } = await authorize(attributesOf(spec, user));
  return { allowed, ...(reason ? { reason } : {}) };
}

function attributesOf(spec: Record<string, unknown>, user: User): Attributes {
  const { resourceAttributes: asked, nonResourceAttributes: other } = spec as {
    resourceAttributes?: Record<string, string | undefined>;
    nonResourceAttributes?: { path?: string; verb?: string };
  };
  if (!asked === !other) {
    throw badRequest("exactly one of nonResourceAttributes or resourceAttributes must be specified");
  }
  if (!asked) return { user, verb: other!.verb ?? "", path: other!.path ?? "" };
  const { group = "", version = "", resource = "", subresource, namespace, name, verb = "" } = asked;
  return {
    user,
    verb,
    path: "",
    resource: { group, version, plural: resource, subresource, namespace, name },
  };
}

/** Without rules to list, the two ends are told: everything, or what everybody may. */
async function rulesReview({ authorize }: Judges, _spec: Record<string, unknown>, user: User): Promise<Status> {
  const resource = { group: "*", version: "*", plural: "*" };
  const { allowed } = await authorize({ user, verb: "*", path: "", resource });
  const open = { verbs: ["get"], nonResourceURLs: ["/healthz", "/livez", "/readyz", "/version"] };
  if (!allowed) return { resourceRules: [], nonResourceRules: [open], incomplete: true };
  return {
    resourceRules: [{ verbs: ["*"], apiGroups: ["*"], resources: ["*"] }],
    nonResourceRules: [{ verbs: ["*"], nonResourceURLs: ["*"] }],
    incomplete: false,
  };
}
