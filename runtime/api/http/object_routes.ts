/** What each verb does on objects and collections: reads bodies and options, calls the operation, encodes the answer. */
import { fieldRequirements, forbidden, invalid, type KubeObject, StatusError } from "../../schema/mod.ts";
import { badRequest, nameUndetermined } from "../objects/refusals.ts";
import type { DeleteCall, ObjectList, PatchBody, WatchCall, Written } from "../operations.ts";
import { answer, compressed, readsGzip, success } from "./answer.ts";
import { decodeObject, decodePatch, mediaTypeOf, readBody, unsupported } from "./body.ts";
import { deleteCall } from "./delete_options.ts";
import { type Exchange, targetOf, writeCallOf } from "./exchange.ts";
import { flag, listCall, text, watchCall, whole } from "./query.ts";
import { concat } from "./json_bytes.ts";
import { streamFrom, streamParts } from "./list_stream.ts";
import { watchRoute } from "./watch_route.ts";
import { rulesOf } from "../objects/kind_rules.ts";

export type Handler = (exchange: Exchange) => Promise<Response>;

export const objectRoutes: Readonly<Record<string, Handler>> = {
  get,
  list,
  watch,
  create,
  update,
  patch,
  delete: remove,
  deletecollection: removeCollection,
};

async function get(exchange: Exchange): Promise<Response> {
  const { operations, encoding, resource, url } = exchange;
  const revision = await operations.get(targetOf(exchange), text(url.searchParams, "resourceVersion"));
  const bytes = encoding.object(revision, resource);
  return await compressed(bytes, encoding.contentType, readsGzip(exchange.request, exchange.connection.remoteAddress));
}

async function list(exchange: Exchange): Promise<Response> {
  const { operations, path, resource, url } = exchange;
  const found = await operations.list({ resource, namespace: path.namespace }, listCall(url.searchParams));
  return await listAnswer(exchange, found);
}

async function listAnswer(exchange: Exchange, found: ObjectList): Promise<Response> {
  const { encoding, resource, request, connection } = exchange;
  const { outgoing } = connection;
  const zipped = readsGzip(request, connection.remoteAddress);
  const parts = outgoing && !zipped ? encoding.listParts?.(found, resource) : undefined;
  if (outgoing && parts) {
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    if (length >= streamFrom) return await streamParts(outgoing, parts, encoding.contentType);
    return answer(concat(parts), encoding.contentType);
  }
  const bytes = encoding.list(found, resource);
  return await compressed(bytes, encoding.contentType, zipped);
}

function watch(exchange: Exchange): Promise<Response> {
  const { operations, path, resource, url, encoding, connection, request } = exchange;
  const call = watchCall(url.searchParams);
  return watchRoute({
    operations,
    collection: { resource, namespace: path.namespace },
    call: path.name ? ofOne(exchange, call) : call,
    encoding,
    timeoutSeconds: whole(url.searchParams, "timeoutSeconds"),
    connection,
    signal: connection.outgoing ? undefined : request.signal,
    onEnd: () => {},
  });
}

/** Throws BadRequest when a selector asks for another object than the path. */
function ofOne({ path, resource }: Exchange, call: WatchCall): WatchCall {
  const { fieldSelector } = call;
  for (const { selector, equal, value } of fieldRequirements(fieldSelector ?? "", resource)) {
    if (selector === "metadata.name" && equal && value !== path.name) {
      throw badRequest("fieldSelector metadata.name doesn't match requested name");
    }
  }
  const byName = `metadata.name=${path.name}`;
  return { ...call, fieldSelector: fieldSelector ? `${fieldSelector},${byName}` : byName };
}

async function create(exchange: Exchange): Promise<Response> {
  const { operations, path, resource } = exchange;
  const { object, duplicates } = await bodyObject(exchange);
  const call = writeCallOf(exchange, "CreateOptions", duplicates);
  const written = await operations.create({ resource, namespace: path.namespace }, object, call);
  return writtenAnswer(exchange, written, 201);
}

async function update(exchange: Exchange): Promise<Response> {
  const { object, duplicates } = await bodyObject(exchange);
  const call = writeCallOf(exchange, "UpdateOptions", duplicates);
  checkName(object, exchange.path.name);
  const written = await exchange.operations.update(targetOf(exchange), object, call);
  return writtenAnswer(exchange, written, written.created ? 201 : 200);
}

function checkName({ metadata }: KubeObject, name: string): void {
  const given = metadata?.name;
  if (!given) throw nameUndetermined(name);
  if (given !== name) {
    throw badRequest(`the name of the object (${given}) does not match the name on the URL (${name})`);
  }
}

/** Throws UnsupportedMediaType and BadRequest. */
export async function bodyObject(
  exchange: Exchange,
  kind = exchange.resource.kind,
): Promise<{ object: KubeObject; duplicates: readonly string[] }> {
  const { request, connection } = exchange;
  const mediaType = mediaTypeOf(request.headers.get("content-type"));
  const { value, duplicates } = decodeObject(await readBody(request, connection), mediaType, kind);
  return { object: value, duplicates };
}

const patchTypes: Readonly<Record<string, PatchBody["type"]>> = {
  "application/json-patch+json": "json",
  "application/merge-patch+json": "merge",
  "application/strategic-merge-patch+json": "strategic",
  "application/apply-patch+yaml": "apply",
};

async function patch(exchange: Exchange): Promise<Response> {
  const { body, duplicates } = await patchBody(exchange);
  const call = writeCallOf(exchange, "PatchOptions", duplicates);
  const named = text(exchange.url.searchParams, "fieldManager");
  const asked = body.type === "apply" ? { ...call, fieldManager: named } : call;
  const written = await exchange.operations.patch(targetOf(exchange), body, asked);
  return writtenAnswer(exchange, written, written.created ? 201 : 200);
}

/** Throws UnsupportedMediaType and BadRequest. */
export async function patchBody(exchange: Exchange): Promise<{ body: PatchBody; duplicates: readonly string[] }> {
  const { request, connection, url, resource } = exchange;
  const type = patchTypes[mediaTypeOf(request.headers.get("content-type"))];
  // Custom resources have no strategic merge: nothing in their schema says how.
  if (!type || type === "strategic" && resource.type.name === "") {
    if (resource.type.name !== "") throw new StatusError("UnsupportedMediaType", "415: Unsupported Media Type", {});
    throw unsupported(Object.keys(patchTypes).filter((name) => !/strategic/.test(name)).join(", "));
  }
  const force = flag(url.searchParams, "force");
  if (force !== undefined && type !== "apply") {
    throw invalid({ group: "meta.k8s.io", kind: "PatchOptions" }, "", [
      forbidden("force", "may not be specified for non-apply patch"),
    ]);
  }
  const { value, duplicates } = decodePatch(await readBody(request, connection), type);
  return { body: { type, body: value, force }, duplicates };
}

function writtenAnswer({ encoding, resource }: Exchange, { revision }: Written, code: number): Response {
  return answer(encoding.object(revision, resource), encoding.contentType, code);
}

async function remove(exchange: Exchange): Promise<Response> {
  const { operations, encoding, resource } = exchange;
  const { revision, gone } = await operations.delete(targetOf(exchange), await deletion(exchange));
  if (!gone || rulesOf(resource).returnsDeleted) return writtenAnswer(exchange, { revision, created: false }, 200);
  const { name, uid } = revision.object.metadata;
  const details = { name, ...(resource.group ? { group: resource.group } : {}), kind: resource.plural, uid };
  return answer(encoding.value(success(details)), encoding.contentType);
}

async function deletion(exchange: Exchange): Promise<DeleteCall> {
  const { request, connection, url } = exchange;
  const bytes = await readBody(request, connection);
  const mediaType = mediaTypeOf(request.headers.get("content-type"));
  const options = bytes.length > 0 ? decodeObject(bytes, mediaType, "DeleteOptions").value : {};
  const call = deleteCall(options, url.searchParams, writeCallOf(exchange, "DeleteOptions"));
  const { deletionWarning } = rulesOf(exchange.resource);
  if (deletionWarning && !call.propagationPolicy) exchange.warnings.add(deletionWarning);
  return call;
}

async function removeCollection(exchange: Exchange): Promise<Response> {
  const { operations, path, resource, url } = exchange;
  const call = await deletion(exchange);
  const collection = { resource, namespace: path.namespace };
  return await listAnswer(exchange, await operations.deleteCollection(collection, listCall(url.searchParams), call));
}
