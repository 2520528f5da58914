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

/**
 * Throws Unauthorized for credentials that are wrong; without any, it is anonymous who asks. Throws Forbidden for who acts as
 * somebody that he may not act as.
 */
export async function whoAsks(door: FrontDoor, connection: Connection, asking: Asking): Promise<User> {
  const pairs = headerPairs(connection, asking.headers);
  const user = await whoCalls(door, connection, asking, pairs);
  const wanted = wantedIdentity(pairs);
  if (!wanted) return user;
  for (const right of rightsFor(user, wanted)) await mustBeAllowed(door, right);
  return { ...impersonated(wanted), impersonator: user };
}

async function whoCalls(
  door: FrontDoor,
  connection: Connection,
  asking: Asking,
  headers: HeaderPairs,
): Promise<User> {
  if (connection.user) return connection.user;
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

/** Throws Forbidden. */
export async function mustBeAllowed({ authorize }: FrontDoor, attributes: Attributes): Promise<void> {
  const { allowed, reason } = await authorize(attributes);
  if (!allowed) throw refusal(attributes, reason);
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
