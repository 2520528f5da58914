/**
 * What this node can't judge by itself it asks the API server: whose bearer token it is, and whether its rights go so far. So
 * the kubelet's port is open to those alone, and in that alone, in which the API server would let them through.
 *
 * Nothing is kept: a token that was taken back is refused with the next request.
 *
 * Source: Kubernetes docs, "Kubelet authentication/authorization" (`--authentication-token-webhook`, `Webhook` mode).
 */
import type { Authenticator, Authorizer, User } from "../../../runtime/auth/user.ts";
import type { Client } from "../../../runtime/loop/mod.ts";
import type { Json } from "../../../runtime/schema/mod.ts";

interface TokenReview {
  readonly status?: {
    readonly authenticated?: boolean;
    readonly user?: { username: string; uid?: string; groups?: string[]; extra?: Record<string, string[]> };
  };
}

interface AccessReview {
  readonly status?: { readonly allowed?: boolean; readonly denied?: boolean; readonly reason?: string };
}

/** Knows the peers that `own` knows, and bearer tokens. */
export function delegatedAuthenticator(client: Client, own: Authenticator): Authenticator {
  return async (credentials) => await own(credentials) ?? await reviewToken(client, credentials.authorization);
}

async function reviewToken(client: Client, authorization = ""): Promise<User | undefined> {
  const [, token] = /^Bearer +(\S+) *$/i.exec(authorization) ?? [];
  if (token === undefined) return undefined;
  const { status } = await review<TokenReview>(client, "authentication.k8s.io", "TokenReview", { token });
  const { username = "", groups = [], ...user } = status?.user ?? {};
  return status?.authenticated && username !== "" ? { name: username, groups, ...user } : undefined;
}

/** Allows what `own` allows, and what the API server says. */
export function delegatedAuthorizer(client: Client, own: Authorizer): Authorizer {
  return async (attributes) => {
    const decision = await own(attributes);
    if (decision.allowed || decision.denied) return decision;
    const { user: { name, uid, groups, extra }, verb, path, resource } = attributes;
    const { plural, ...rest } = resource ?? { plural: undefined };
    const what = plural === undefined
      ? { nonResourceAttributes: { verb, path } }
      : { resourceAttributes: { verb, resource: plural, ...rest } };
    const spec = { user: name, uid, groups, extra, ...what };
    const { status } = await review<AccessReview>(client, "authorization.k8s.io", "SubjectAccessReview", spec);
    return { allowed: status?.allowed === true, denied: status?.denied, reason: status?.reason ?? "" };
  };
}

async function review<T>(client: Client, group: string, kind: string, spec: object): Promise<T> {
  const body = JSON.parse(JSON.stringify({ apiVersion: `${group}/v1`, kind, spec })) as Json;
  return await client.raw("POST", `/apis/${group}/v1/${kind.toLowerCase()}s`, body) as T;
}
