/**
 * Writes down who did what: an event for each stage of a request that the policy wants (audit.k8s.io/v1 Event). Authentication
 * has happened, so that it knows who; what was refused is written as well as what was done.
 */
import type { User } from "../../auth/user.ts";
import type { Json } from "../../schema/mod.ts";
import type { Connection } from "../connection.ts";
import { parseResourcePath, verbOf } from "../http/request_info.ts";
import type { AuditSink } from "./log_file.ts";
import { type Audited, type AuditPolicy, type Extent, extentOf, type Stage } from "./policy.ts";

export interface AuditOptions {
  readonly policy: AuditPolicy;
  readonly sink: AuditSink;
}

/** One request that is being written down. */
export interface Recording {
  /** What the request's handlers are to be given instead of the connection. */
  readonly connection: Connection;
  /** The answer is on its way; takes note of it and hands it on. */
  answered(response: Response): Promise<Response>;
}

export interface Asked {
  readonly request: Request;
  readonly connection: Connection;
  readonly user: User;
  readonly nowMs: () => number;
}

/** `undefined`: the policy does not want to know of it. */
export function recordRequest({ policy, sink }: AuditOptions, asked: Asked): Recording | undefined {
  const audited = auditedOf(asked);
  const extent = extentOf(policy, audited);
  if (extent.level === "None") return undefined;
  const auditID = asked.connection.requestId ?? crypto.randomUUID();
  const base = eventOf(asked, audited, extent, auditID);
  const write = (stage: Stage, more: object = {}) => {
    if (extent.omitStages.includes(stage)) return;
    sink.write({ ...base, stage, ...more, stageTimestamp: micros(asked.nowMs()) });
  };
  write("RequestReceived");
  let body: { requestObject?: Json } = {};
  const onBody = (bytes: Uint8Array) => void (body = { requestObject: jsonOf(bytes, extent) });
  return {
    connection: extent.level === "Metadata" ? asked.connection : { ...asked.connection, onBody },
    async answered(response) {
      const { outgoing } = asked.connection;
      const code = response.headers.has("x-hono-already-sent") ? 200 : response.status;
      const facts = { ...body, responseStatus: { metadata: {}, code }, annotations: decisionOf(code) };
      if (response.headers.has("x-hono-already-sent") && outgoing && !outgoing.writableEnded) {
        write("ResponseStarted", facts);
        outgoing.once("close", () => write("ResponseComplete", facts));
        return response;
      }
      const answer = extent.level === "RequestResponse" ? { responseObject: await bodyOf(response, extent) } : {};
      write("ResponseComplete", { ...facts, ...answer });
      return response;
    },
  };
}

function auditedOf({ request, user }: Asked): Audited {
  const { pathname: path, searchParams } = new URL(request.url);
  const found = resourceOf(path);
  if (!found?.plural) return { user, verb: request.method.toLowerCase(), path };
  const watching = ["true", "1"].includes(searchParams.get("watch") ?? "");
  return { user, verb: verbOf(request.method, found, watching) ?? request.method.toLowerCase(), path, resource: found };
}

/** A path whose escapes are broken is no resource's, and is refused further on. */
function resourceOf(path: string) {
  try {
    return parseResourcePath(path);
  } catch {
    return undefined;
  }
}

function eventOf(
  { request, connection, user, nowMs }: Asked,
  { verb, path, resource }: Audited,
  extent: Extent,
  auditID: string,
) {
  const { search } = new URL(request.url);
  const caller = user.impersonator ?? user;
  return {
    kind: "Event",
    apiVersion: "audit.k8s.io/v1",
    level: extent.level,
    auditID,
    requestURI: path + search,
    verb,
    user: userOf(caller),
    ...(user.impersonator && { impersonatedUser: userOf(user) }),
    sourceIPs: connection.remoteAddress ? [connection.remoteAddress] : [],
    userAgent: request.headers.get("user-agent") ?? "",
    ...(resource && { objectRef: objectRefOf(resource) }),
    requestReceivedTimestamp: micros(nowMs()),
  };
}

function userOf({ name, uid, groups, extra }: User) {
  return { username: name, ...(uid && { uid }), groups, ...(extra && { extra }) };
}

function objectRefOf({ group, version, plural, subresource, namespace, name }: NonNullable<Audited["resource"]>) {
  return {
    resource: plural,
    ...(namespace && { namespace }),
    ...(name && { name }),
    ...(group && { apiGroup: group }),
    apiVersion: version,
    ...(subresource && { subresource }),
  };
}

function decisionOf(code: number): Record<string, string> {
  return { "authorization.k8s.io/decision": code === 403 ? "forbid" : "allow" };
}

async function bodyOf(response: Response, extent: Extent): Promise<Json | undefined> {
  if (!response.headers.get("content-type")?.includes("json") || response.headers.has("content-encoding")) {
    return undefined;
  }
  return jsonOf(new Uint8Array(await response.clone().arrayBuffer()), extent);
}

/** Bodies that are no JSON (protobuf) are left out. */
function jsonOf(bytes: Uint8Array, { omitManagedFields }: Extent): Json | undefined {
  try {
    const value = JSON.parse(new TextDecoder().decode(bytes));
    if (omitManagedFields) { for (const one of [value, ...value?.items ?? []]) delete one?.metadata?.managedFields; }
    return value;
  } catch {
    return undefined;
  }
}

/** RFC 3339 with microseconds. */
function micros(ms: number): string {
  return new Date(ms).toISOString().replace("Z", "000Z");
}
