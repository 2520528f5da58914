/** Who asks, and whether they may: before anything else is looked at. Refusals in upstream's words. */
import { anonymous, type Attributes, type Authenticator, type Authorizer, type User } from "../../auth/user.ts";
import { StatusError } from "../../schema/mod.ts";
import { type HeaderPairs, impersonated, rightsFor, wantedIdentity } from "../access/impersonation.ts";
import type { Connection } from "../connection.ts";

export interface FrontDoor {
  readonly authenticate: Authenticator;
  readonly authorize: Authorizer;
  /** Whether who shows no credentials may ask at this path at all; absent: everywhere, and rights decide. */
  readonly anonymous?: (path: string) => boolean;
}

/** What is looked at before the request itself. */
export interface Asking {
  readonly headers: Headers;
  /** Absolute. */
  readonly url: string;
}

/** Whom the caller acts as: himself, where nothing is said. Throws Forbidden where he may not. */
export async function actingAs(
  door: FrontDoor,
  caller: User,
  connection: Connection,
  asking: Asking,
): Promise<User> {
  const wanted = wantedIdentity(headerPairs(connection, asking.headers));
  if (!wanted) return caller;
  for (const right of rightsFor(caller, wanted)) await mustBeAllowed(door, right, connection);
  return { ...impersonated(wanted), impersonator: caller };
}

/** Throws Unauthorized for credentials that are wrong; without any, it is anonymous who asks. */
export async function whoCalls(
  door: FrontDoor,
  connection: Connection,
  asking: Asking,
): Promise<User> {
  if (connection.user) return connection.user;
  const headers = headerPairs(connection, asking.headers);
  const authorization = asking.headers.get("authorization");
  const { certificate } = connection;
  const user = await door.authenticate({ certificate, authorization: authorization ?? undefined, headers });
  if (user) return user;
  if (authorization || door.anonymous && !door.anonymous(new URL(asking.url).pathname)) {
    throw new StatusError("Unauthorized", "Unauthorized");
  }
  return anonymous;
}

/** Each header line by itself: `Headers` joins those of one name, and names of groups may hold commas. */
function headerPairs({ incoming }: Connection, headers: Headers): HeaderPairs {
  if (!incoming) return headers;
  const { rawHeaders } = incoming;
  return Array.from({ length: rawHeaders.length / 2 }, (_, at) => [rawHeaders[2 * at]!, rawHeaders[2 * at + 1]!]);
}

/** Throws Forbidden. What was decided, and why, is noted beside the request. */
export async function mustBeAllowed(
  { authorize }: FrontDoor,
  attributes: Attributes,
  { audit }: Pick<Connection, "audit">,
): Promise<void> {
  const { allowed, reason } = await authorize(attributes);
  if (allowed && isOfImpersonation(attributes)) return;
  audit?.annotate("authorization.k8s.io/decision", allowed ? "allow" : "forbid");
  audit?.annotate("authorization.k8s.io/reason", reason);
  if (!allowed) throw refusal(attributes, reason);
}

/** A right to act as somebody is not yet the answer to what was asked. */
function isOfImpersonation({ verb }: Attributes): boolean {
  return verb === "impersonate";
}

function refusal({ user, verb, path, resource }: Attributes, reason: string): StatusError {
  const why = reason ? `: ${reason}` : "";
  if (!resource) {
    return new StatusError("Forbidden", `forbidden: User "${user.name}" cannot ${verb} path "${path}"${why}`);
  }
  const { group, plural, subresource, namespace, name } = resource;
  const what = subresource ? `${plural}/${subresource}` : plural;
  const where = namespace ? `in the namespace "${namespace}"` : "at the cluster scope";
  const subject = `${plural}${group ? `.${group}` : ""}${name ? ` "${name}"` : ""}`;
  return new StatusError(
    "Forbidden",
    `${subject} is forbidden: User "${user.name}" cannot ${verb} resource "${what}" in API group "${group}" ` +
      `${where}${why}`,
    { ...(name ? { name } : {}), ...(group ? { group } : {}), kind: plural },
  );
}
