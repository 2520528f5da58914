/**
 * Writes down who did what: an event for each stage of a request that the policy wants (audit.k8s.io/v1 Event). Authentication
 * has happened, so that it knows who, or that nobody was believed; what was refused is written as well as what was done.
 *
 * Source: https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/
 */
import type { ServerResponse } from "node:http";
import type { User } from "../../auth/user.ts";
import type { Json } from "../../schema/mod.ts";
import type { Connection } from "../connection.ts";
import { parseResourcePath, verbOf } from "../http/request_info.ts";
import type { AuditCounts } from "./audit_metrics.ts";
import { type Audited, type AuditPolicy, type Extent, extentOf, type Stage } from "./policy.ts";
import type { AuditSink } from "./sink.ts";

export interface AuditOptions {
  readonly policy: AuditPolicy;
  readonly sink: AuditSink;
  readonly counts: AuditCounts;
}

/** One request that is being written down. */
export interface Recording {
  /** What the request's handlers are to be given instead of the connection. */
  readonly connection: Connection;
  /** The caller is somebody else from here on. */
  actsAs(user: User): void;
  /** The answer is on its way; takes note of it and hands it on. */
  answered(response: Response): Promise<Response>;
  /** The connection has become a stream. */
  upgraded(): void;
  /** The stream is over. */
  ended(): void;
}

export interface Asked {
  readonly request: Pick<Request, "method" | "url" | "headers">;
  readonly connection: Connection;
  /** Absent: whoever it is was not believed. */
  readonly user?: User;
  readonly nowMs: () => number;
}

const nobody: User = { name: "", groups: [] };

/** `undefined`: the policy does not want to know of it. */
export function recordRequest({ policy, sink, counts }: AuditOptions, asked: Asked): Recording | undefined {
  const audited = auditedOf(asked);
  const extent = extentOf(policy, audited);
  if (extent.level === "None") return undefined;
  const noted = new Noted(extent);
  const base = eventOf(asked, audited, extent);
  const slow: Promise<void>[] = [];
  const write = (stage: Stage, more: object = {}) => {
    if (extent.omitStages.includes(stage)) return;
    counts.event();
    const written = sink.write({ ...base, ...noted.facts(), stage, ...more, stageTimestamp: micros(asked.nowMs()) });
    if (written) slow.push(written);
  };
  if (asked.user) write("RequestReceived");
  const switching = { responseStatus: { metadata: {}, code: 101 } };
  return {
    connection: { ...asked.connection, audit: noted },
    actsAs: (user) => void (noted.impersonated = user),
    upgraded: () => write("ResponseStarted", switching),
    ended: () => write("ResponseComplete", switching),
    async answered(response) {
      const { outgoing } = asked.connection;
      const streams = response.headers.has("x-hono-already-sent");
      const responseStatus = streams ? { metadata: {}, code: 200 } : await statusOf(response);
      if (noted.panic) write("Panic", { responseStatus: { ...responseStatus, message: noted.panic } });
      else if (!asked.user) write("ResponseStarted", { responseStatus });
      else if (streams && outgoing && !outgoing.writableEnded) stream(outgoing, responseStatus);
      else write("ResponseComplete", { responseStatus, ...await answerOf(response, audited, extent) });
      await Promise.all(slow.splice(0));
      return response;
    },
  };
  function stream(outgoing: ServerResponse, responseStatus: object) {
    write("ResponseStarted", { responseStatus });
    outgoing.once("close", () => write("ResponseComplete", { responseStatus }));
  }
}

/** What comes to light while the request is worked on. */
class Noted {
  impersonated?: User;
  panic?: string;
  #body: { requestObject?: Json } = {};
  readonly #annotations: Record<string, string> = {};

  constructor(private readonly extent: Extent) {}

  annotate(key: string, value: string): void {
    this.#annotations[key] ??= value;
  }

  body(bytes: Uint8Array): void {
    if (this.extent.level !== "Metadata") this.#body = { requestObject: jsonOf(bytes, this.extent) };
  }

  panicked(error: unknown): void {
    this.panic = `APIServer panic'd: ${error instanceof Error ? error.message : error}`;
  }

  facts(): object {
    const annotations = { ...this.#annotations };
    return {
      ...(this.impersonated && { impersonatedUser: userOf(this.impersonated) }),
      ...this.#body,
      ...(Object.keys(annotations).length > 0 && { annotations }),
    };
  }
}

function auditedOf({ request, user = nobody }: Asked): Audited {
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

function eventOf({ request, connection, user, nowMs }: Asked, { verb, path, resource }: Audited, { level }: Extent) {
  const { search } = new URL(request.url);
  return {
    kind: "Event",
    apiVersion: "audit.k8s.io/v1",
    level,
    auditID: connection.requestId ?? crypto.randomUUID(),
    requestURI: path + withoutTokens(search),
    verb,
    user: user ? userOf(user) : {},
    sourceIPs: connection.remoteAddress ? [connection.remoteAddress] : [],
    userAgent: request.headers.get("user-agent") ?? "",
    ...(resource && { objectRef: objectRefOf(resource) }),
    requestReceivedTimestamp: micros(nowMs()),
  };
}

/** Nobody is believed for a token in a URL, but some send theirs there. */
function withoutTokens(search: string): string {
  return search.replace(/([?&][^=&]*token[^=&]*=)[^&]*/gi, "$1REDACTED");
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

/** Of a refusal what its Status says; of what was done the code alone. */
async function statusOf(response: Response): Promise<object> {
  const { status: code } = response;
  const said = code >= 400 ? await bodyOf(response) : undefined;
  const { kind, status, message, reason } = (said ?? {}) as Record<string, Json>;
  return kind === "Status" ? { metadata: {}, status, message, reason, code } : { metadata: {}, code };
}

/** What others answer through this server is theirs, and may have no end. */
const opaque = new Set(["proxy", "log"]);

async function answerOf(response: Response, { resource }: Audited, extent: Extent): Promise<{ responseObject?: Json }> {
  if (extent.level !== "RequestResponse" || opaque.has(resource?.subresource ?? "")) return {};
  return { responseObject: await bodyOf(response, extent) };
}

async function bodyOf(response: Response, extent?: Extent): Promise<Json | undefined> {
  if (!response.headers.get("content-type")?.includes("json") || response.headers.has("content-encoding")) {
    return undefined;
  }
  return jsonOf(new Uint8Array(await response.clone().arrayBuffer()), extent);
}

/** Bodies that are no JSON (protobuf) are left out. */
function jsonOf(bytes: Uint8Array, extent?: Extent): Json | undefined {
  try {
    const value = JSON.parse(new TextDecoder().decode(bytes));
    if (extent?.omitManagedFields) {
      for (const one of [value, ...value?.items ?? []]) delete one?.metadata?.managedFields;
    }
    return value;
  } catch {
    return undefined;
  }
}

/** RFC 3339 with microseconds. */
function micros(ms: number): string {
  return new Date(ms).toISOString().replace("Z", "000Z");
}
