/** The Client port over HTTPS: what a node, and every process that is not the master, sees the cluster through. */
import type { Client, ListOptions, ListResult, Patch, WatchEvent, WatchOptions, WriteOptions } from "../loop/client.ts";
import { isReason, type Json, type Kind, type ObjectMeta, type Ref, type Stored } from "../schema/mod.ts";
import { jsonOf, refusal, textOf } from "./answer.ts";
import { type HttpsConnection, httpsConnection, type HttpsTarget } from "./https_connection.ts";
import { deleteBody, listQuery, pathOf, watchQuery, writeQuery } from "./paths.ts";
import { watchEvents } from "./watch_lines.ts";

const contentTypes: Record<Patch["type"], string> = {
  json: "application/json-patch+json",
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  // JSON is YAML.
  apply: "application/apply-patch+yaml",
};

/** Dispose it to close its connections. */
export function httpsClient(target: HttpsTarget): Client & Disposable {
  const connection = httpsConnection(target);
  const call = async (method: string, path: string, body?: unknown, contentType?: string) => {
    const text = body === undefined ? undefined : JSON.stringify(body);
    return await jsonOf(await connection.send({ method, path, body: text, contentType }));
  };
  const stored = async <T>(...request: Parameters<typeof call>) => await call(...request) as unknown as Stored<T>;
  return {
    async get<T>(kind: Kind<T>, ref: Ref) {
      try {
        return await stored<T>("GET", pathOf(kind, ref));
      } catch (error) {
        if (isReason(error, "NotFound")) return undefined;
        throw error;
      }
    },
    async list<T>(kind: Kind<T>, options: ListOptions = {}) {
      const path = pathOf(kind, { namespace: options.namespace }) + listQuery(options);
      return listResult(kind, await call("GET", path));
    },
    watch: (kind, options) => watch(connection, kind, options),
    create<T>(kind: Kind<T>, object: T, options: WriteOptions = {}) {
      const { namespace, name } = refIn(object, kind);
      const ref = options.subresource ? { namespace, name } : { namespace };
      return stored<T>("POST", pathOf(kind, ref, options.subresource) + writeQuery(options), typed(kind, object));
    },
    update<T>(kind: Kind<T>, object: T, options: WriteOptions = {}) {
      const path = pathOf(kind, refIn(object, kind), options.subresource);
      return stored<T>("PUT", path + writeQuery(options), typed(kind, object));
    },
    patch<T>(kind: Kind<T>, ref: Ref, patch: Patch, options: WriteOptions = {}) {
      const query = writeQuery(options, patch.type === "apply" ? patch.force : undefined);
      return stored<T>("PATCH", pathOf(kind, ref, options.subresource) + query, patch.body, contentTypes[patch.type]);
    },
    async delete(kind, ref, options = {}) {
      await call("DELETE", pathOf(kind, ref), deleteBody(options));
    },
    post: (kind, ref, subresource, body) => stored("POST", pathOf(kind, ref, subresource), body),
    raw: (method, path, body, options) => call(method, path, body, options?.contentType),
    [Symbol.dispose]: () => connection[Symbol.dispose](),
  };
}

/** The server bookmarks every minute: longer silence means that it is gone and could not say so. */
const bookmarkedSilenceMs = 150_000;

async function* watch<T>(
  connection: HttpsConnection,
  kind: Kind<T>,
  options: WatchOptions,
): AsyncIterable<WatchEvent<T>> {
  const { signal, namespace, allowBookmarks } = options;
  const silenceMs = allowBookmarks ? bookmarkedSilenceMs : 0;
  const path = pathOf(kind, { namespace }) + watchQuery(options);
  try {
    const answer = await connection.send({ method: "GET", path, signal, silenceMs });
    const code = answer.statusCode ?? 0;
    if (code >= 400) throw refusal(code, await textOf(answer));
    try {
      yield* watchEvents(answer, kind);
    } finally {
      answer.destroy();
    }
  } catch (error) {
    // A watch that was asked to end, and one whose connection broke, have ended; only the server's word is an error.
    if (signal.aborted || isBroken(error)) return;
    throw error;
  }
}

function isBroken(error: unknown): boolean {
  return ["ECONNRESET", "ERR_STREAM_PREMATURE_CLOSE"].includes((error as { code?: string }).code ?? "");
}

/** Items of a list do not say their kind on the wire. */
function listResult<T>({ apiVersion, kind }: Kind<T>, answer: Json): ListResult<T> {
  const { items, metadata } = answer as unknown as { items: Stored<T>[] | null; metadata: ListMeta };
  const { resourceVersion, continue: next, remainingItemCount } = metadata;
  const typedItems = (items ?? []).map((item) => ({ apiVersion, kind, ...item }));
  return { items: typedItems, resourceVersion, continue: next || undefined, remainingItemCount };
}

interface ListMeta {
  readonly resourceVersion: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

function refIn<T>(object: T, kind: Kind<T>): Ref {
  const { name = "", namespace = "default" } = (object as { metadata?: ObjectMeta }).metadata ?? {};
  return kind.namespaced ? { namespace, name } : { name };
}

function typed<T>({ apiVersion, kind }: Kind<T>, object: T): T {
  return { apiVersion, kind, ...object };
}
