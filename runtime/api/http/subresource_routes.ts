/** Methods on `/RESOURCE/NAME/SUBRESOURCE`. */
import { groupResourceOf, type Resource } from "../../schema/mod.ts";
import { methodNotAllowed, noSuchPage } from "../objects/refusals.ts";
import { subresourceOf } from "../subresources/table.ts";
import { answer } from "./answer.ts";
import type { Backends } from "./backends.ts";
import { type Exchange, targetOf, writeCallOf } from "./exchange.ts";
import { bodyObject, type Handler, objectRoutes } from "./object_routes.ts";
import type { ResourcePath } from "./request_info.ts";

/** Throws NotFound and MethodNotAllowed. */
export function subresourceHandler(
  { streams }: Backends,
  resource: Resource,
  path: ResourcePath,
  verb: string,
): Handler {
  const stream = streams.get(`${groupResourceOf(resource)}/${path.subresource}`);
  const row = resource.subresources.find(({ name }) => name === path.subresource);
  // A proxy passes on what has no verb, too.
  const isTaken = path.subresource === "proxy" || !row || row.verbs.some((known) => known === verb);
  if (stream) return isTaken ? stream : refuse();
  if (!row || path.rest) throw noSuchPage();
  const own = subresourceOf(resource, path.subresource);
  if (verb === "create") return own?.post ? post : refuse();
  if (!row.verbs.some((known) => known === verb)) throw methodNotAllowed();
  if (verb === "get" && own) return own.get ? show : refuse();
  return objectRoutes[verb] ?? refuse();
}

function refuse(): never {
  throw methodNotAllowed();
}

async function show(exchange: Exchange): Promise<Response> {
  const { operations, path, encoding } = exchange;
  const shown = await operations.getSubresource(targetOf(exchange), path.subresource);
  return answer(encoding.value(shown), encoding.contentType);
}

async function post(exchange: Exchange): Promise<Response> {
  const { operations, path, encoding, resource } = exchange;
  const kind = resource.subresources.find(({ name }) => name === path.subresource)?.kind ?? resource.kind;
  const { object, duplicates } = await bodyObject(exchange, kind);
  const call = writeCallOf(exchange, "CreateOptions", duplicates);
  const made = await operations.post(targetOf(exchange), path.subresource, object, call);
  return answer(encoding.value(made), encoding.contentType, 201);
}
