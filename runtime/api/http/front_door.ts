/** Who asks, and whether they may: before anything else is looked at. Refusals in upstream's words. */
import { anonymous, type Attributes, type Authenticator, type Authorizer, type User } from "../../auth/user.ts";
import { StatusError } from "../../schema/mod.ts";
import type { Connection } from "../connection.ts";

export interface FrontDoor {
  readonly authenticate: Authenticator;
  readonly authorize: Authorizer;
}

/** Throws Unauthorized for credentials that are wrong; without any, it is anonymous who asks. */
export async function whoAsks(door: FrontDoor, connection: Connection, authorization: string | null): Promise<User> {
  if (connection.user) return connection.user;
  const credentials = { certificate: connection.certificate, authorization: authorization ?? undefined };
  const user = await door.authenticate(credentials);
  if (user) return user;
  if (authorization) throw new StatusError("Unauthorized", "Unauthorized");
  return anonymous;
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
