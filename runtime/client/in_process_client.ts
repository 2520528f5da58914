/**
 * The Client port inside the master's process: calls the API's object operations. Nothing is serialised; objects that come
 * out are the API's own, frozen and shared, and objects that go in are copied because the API takes what it gets.
 */
import type { Operations, Target } from "../api/operations.ts";
import type { ResourceRegistry } from "../api/resource_registry.ts";
import type { User } from "../auth/user.ts";
import type { Client, ListOptions, Patch, WatchEvent, WatchOptions, WriteOptions } from "../loop/client.ts";
import {
  isReason,
  type Json,
  type Kind,
  type KubeObject,
  type ObjectMeta,
  type Ref,
  type Resource,
  StatusError,
  type Stored,
} from "../schema/mod.ts";
import { refusal } from "./answer.ts";
import { EventBuffer } from "./event_buffer.ts";
import { plainCopy } from "./plain_copy.ts";

/** What it needs of the API server. */
export interface InProcessApi {
  readonly registry: Operations;
  readonly resources: ResourceRegistry;
  /** For paths that are not objects: discovery, version, OpenAPI. */
  rawRequest(user: User, request: Request): Promise<Response>;
}

export function inProcessClient(api: InProcessApi, user: User): Client {
  const { registry } = api;
  const fieldManager = managerOf(user);
  const rowOf = (kind: Kind<unknown>) => resourceOf(api.resources, kind);
  const target = (kind: Kind<unknown>, ref: Ref): Target => ({
    resource: rowOf(kind),
    namespace: kind.namespaced ? ref.namespace ?? "default" : "",
    name: ref.name,
  });
  const collection = (kind: Kind<unknown>, namespace?: string) => ({
    resource: rowOf(kind),
    namespace: kind.namespaced ? namespace ?? "" : "",
  });
  return {
    async get<T>(kind: Kind<T>, ref: Ref) {
      try {
        return (await registry.get(target(kind, ref))).object as Stored<T>;
      } catch (error) {
        if (isReason(error, "NotFound")) return undefined;
        throw error;
      }
    },
    async list<T>(kind: Kind<T>, { namespace, ...call }: ListOptions = {}) {
      const { items, ...rest } = await registry.list(collection(kind, namespace), call);
      return { ...rest, items: items.map((item) => item.object as Stored<T>) };
    },
    watch: <T>(kind: Kind<T>, options: WatchOptions) =>
      watch<T>(registry, collection(kind, options.namespace), options),
    async create<T>(kind: Kind<T>, object: T, options: WriteOptions = {}) {
      const body = typedCopy(kind, object);
      const { revision } = await registry.create(collection(kind, body.metadata?.namespace ?? "default"), body, {
        fieldManager,
        ...options,
        user,
      });
      return revision.object as Stored<T>;
    },
    async update<T>(kind: Kind<T>, object: T, options: WriteOptions = {}) {
      const body = typedCopy(kind, object);
      const { revision } = await registry.update(target(kind, refIn(body)), body, {
        fieldManager,
        ...options,
        user,
      });
      return revision.object as Stored<T>;
    },
    async patch<T>(kind: Kind<T>, ref: Ref, patch: Patch, options: WriteOptions = {}) {
      const { revision } = await registry.patch(target(kind, ref), plainCopy(patch), {
        fieldManager,
        ...options,
        user,
      });
      return revision.object as Stored<T>;
    },
    async delete(kind, ref, options = {}) {
      await registry.delete(target(kind, ref), { ...options, user });
    },
    post: (kind, ref, subresource, body) =>
      registry.post(target(kind, ref), subresource, plainCopy(body), { fieldManager, user }),
    raw: (method, path, body, options) => raw(api, user, { method, path, body, ...options }),
  };
}

/** Writes that name no manager are known by who wrote: `kube-controller-manager`. */
function managerOf({ name }: User): string {
  return name.slice(name.lastIndexOf(":") + 1);
}

async function* watch<T>(
  registry: Operations,
  collection: { resource: Resource; namespace: string },
  { signal, namespace: _inCollection, timeoutSeconds, ...call }: WatchOptions,
): AsyncIterable<WatchEvent<T>> {
  if (signal.aborted) return;
  const buffer = new EventBuffer<WatchEvent<T>>();
  using _watch = await registry.watch(collection, call, {
    event: (type, { object }) => buffer.push({ type, object: object as Stored<T> }),
    bookmark: (revision) => buffer.push({ type: "BOOKMARK", resourceVersion: String(revision) }),
    closed: (error) => buffer.end(error),
  });
  const end = () => buffer.end();
  signal.addEventListener("abort", end, { once: true });
  const timer = timeoutSeconds ? setTimeout(end, timeoutSeconds * 1000) : undefined;
  if (signal.aborted) end();
  try {
    yield* buffer;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
  }
}

interface RawCall {
  readonly method: string;
  readonly path: string;
  readonly body?: Json;
  readonly contentType?: string;
}

async function raw(api: InProcessApi, user: User, call: RawCall): Promise<Json> {
  const { method, path, body, contentType = "application/json" } = call;
  const headers = { accept: "application/json", "content-type": contentType };
  const text = body === undefined ? undefined : JSON.stringify(body);
  const answer = await api.rawRequest(
    user,
    new Request(new URL(path, "https://in-process"), { method, headers, body: text }),
  );
  const said = await answer.text();
  if (answer.status >= 400) throw refusal(answer.status, said);
  return answer.headers.get("content-type")?.includes("json") ? JSON.parse(said) : said;
}

/** As the server says it of a path that it does not serve. */
function resourceOf(resources: ResourceRegistry, kind: Kind<unknown>): Resource {
  const slash = kind.apiVersion.indexOf("/");
  const group = slash < 0 ? "" : kind.apiVersion.slice(0, slash);
  const row = resources.find(group, kind.apiVersion.slice(slash + 1), kind.plural);
  if (!row) throw new StatusError("NotFound", "the server could not find the requested resource");
  return row;
}

function refIn(object: KubeObject): Ref {
  const { name = "", namespace }: ObjectMeta = object.metadata ?? {};
  return { name, namespace };
}

function typedCopy<T>({ apiVersion, kind }: Kind<T>, object: T): KubeObject {
  return { apiVersion, kind, ...plainCopy(object) };
}
