/** Everything below `/api/VERSION` and `/apis/GROUP/VERSION`: finds the row, asks whether it may be done, calls the handler. */
import { getLogger } from "@logtape/logtape";
import type { Attributes, User } from "../../auth/user.ts";
import type { Resource } from "../../schema/mod.ts";
import type { Connection } from "../connection.ts";
import { methodNotAllowed, noSuchPage } from "../objects/refusals.ts";
import type { Operations } from "../operations.ts";
import type { ResourceRegistry } from "../resource_registry.ts";
import { failure, pageNotFound } from "./answer.ts";
import type { Exchange } from "./exchange.ts";
import { type FrontDoor, mustBeAllowed } from "./front_door.ts";
import { json } from "./json_bytes.ts";
import { negotiate } from "./negotiate.ts";
import { type Handler, objectRoutes } from "./object_routes.ts";
import { flag, text } from "./query.ts";
import { namespaceAsked, parseResourcePath, type ResourcePath, verbOf } from "./request_info.ts";
import { subresourceHandler } from "./subresource_routes.ts";
import { Warnings } from "./warnings.ts";
import type { Backends } from "./backends.ts";

const log = getLogger(["d8s", "api"]);

export interface ResourceRoute {
  readonly door: FrontDoor;
  readonly registry: ResourceRegistry;
  readonly operations: Operations;
  readonly backends: Backends;
  readonly now: () => number;
  /** Told of every request to a resource that is served. */
  readonly observe: (exchange: Exchange, code: number, seconds: number) => void;
}

export interface Asked {
  readonly request: Request;
  readonly url: URL;
  readonly connection: Connection;
  readonly user: User;
}

/** Throws a StatusError for whatever cannot be served. */
export async function resourceRoute(route: ResourceRoute, asked: Asked): Promise<Response> {
  const { request, url, user, connection } = asked;
  const path = parseResourcePath(url.pathname);
  if (!path) throw noSuchPage();
  const verb = verbOf(request.method, path, flag(url.searchParams, "watch") ?? false);
  if (verb === undefined) throw methodNotAllowed();
  const { group, version, plural } = path;
  const wanted = resourceAsked(path, verb, url);
  await mustBeAllowed(route.door, { user, verb, path: url.pathname, resource: wanted }, connection);
  const resource = route.registry.find(group, version, plural);
  if (!resource) {
    if (path.group && !route.registry.all().some((row) => row.group === path.group)) return pageNotFound();
    throw noSuchPage();
  }
  const handler = handlerFor(route.backends, resource, path, verb);
  const exchange = exchangeFor(route, asked, path, { resource, verb });
  const started = performance.now();
  const observe = (code: number) => {
    const seconds = (performance.now() - started) / 1000;
    route.observe(exchange, code, seconds);
    log.debug("request", () => ({ requestId: connection.requestId, verb, path: url.pathname, code, seconds }));
  };
  if (resource.deprecation) exchange.warnings.add(resource.deprecation);
  const response = await handler(exchange).catch((error) => failure(error, connection, request.headers.get("accept")));
  observe(response.headers.has("x-hono-already-sent") ? 200 : response.status);
  exchange.warnings.addTo(response.headers);
  return response;
}

const ofCollections = new Set(["list", "watch", "deletecollection"]);

/** A selector that can only find one object asks for that object. */
function resourceAsked(path: ResourcePath, verb: string, { searchParams }: URL): Attributes["resource"] {
  const { group, version, plural, subresource, name } = path;
  const namespace = namespaceAsked(path) || undefined;
  const asked = { group, version, plural, subresource: subresource || undefined, namespace };
  if (name || !ofCollections.has(verb)) return { ...asked, name: name || undefined };
  const fieldSelector = text(searchParams, "fieldSelector");
  const labelSelector = text(searchParams, "labelSelector");
  const [, only] = /(?:^|,)metadata\.name==?([^,=!/%]+)(?:,|$)/.exec(fieldSelector ?? "") ?? [];
  return { ...asked, name: only, fieldSelector, labelSelector };
}

function handlerFor(backends: Backends, resource: Resource, path: ResourcePath, verb: string): Handler {
  if (path.watch) checkOldWatch(resource, path, verb);
  checkScope(resource, path, verb);
  if (!path.subresource && path.rest || /\//.test(path.name + path.namespace)) throw noSuchPage();
  if (path.subresource) return subresourceHandler(backends, resource, path, verb);
  const special = backends.routes.get(`${resource.group}/${resource.plural}`)?.[verb];
  if (special) return special;
  const handler = objectRoutes[verb];
  if (!handler || !resource.verbs.some((known) => known === verb)) throw methodNotAllowed();
  return handler;
}

/** Below `/watch/` nothing but watching is done, of what can be watched. */
function checkOldWatch({ verbs }: Resource, { subresource }: ResourcePath, verb: string): void {
  if (subresource || !verbs.includes("watch")) throw noSuchPage();
  if (verb !== "watch") throw methodNotAllowed();
}

/** Namespaced objects are made and read in a namespace, others outside of any. */
function checkScope(
  { namespaced, verbs }: Resource,
  { namespace, name, subresource }: ResourcePath,
  verb: string,
): void {
  if (name && !subresource && !verbs.includes("get")) throw noSuchPage();
  if (namespaced && !namespace && !verbs.includes("list")) throw noSuchPage();
  if (!name && (verb === "update" || verb === "patch")) throw methodNotAllowed();
  if (name && verb === "create" && !subresource) throw methodNotAllowed();
  if (!namespaced && namespace) throw noSuchPage();
  if (!namespaced || namespace) return;
  if (name) throw noSuchPage();
  if (verb === "create" || verb === "deletecollection") throw methodNotAllowed();
}

/** Browsers and their like are shown to people. */
function isPretty({ headers }: Request, { searchParams }: URL): boolean {
  const asked = searchParams.get("pretty");
  if (asked !== null) return asked === "true" || asked === "1";
  return /^(curl|Wget|Mozilla\/5\.0)/.test(headers.get("user-agent") ?? "");
}

/** Whether the answer is a list; `undefined` of what is neither a list nor an object. */
function listingOf({ name }: ResourcePath, verb: string): boolean | undefined {
  if (verb === "watch") return undefined;
  return verb === "list" || verb === "deletecollection" ? true : name || verb === "create" ? false : undefined;
}

function exchangeFor(
  { operations, registry, now }: ResourceRoute,
  { request, url, connection, user }: Asked,
  path: ResourcePath,
  { resource, verb }: { resource: Resource; verb: string },
): Exchange {
  const includeObject = url.searchParams.get("includeObject");
  const streams = path.subresource !== "" && path.subresource !== "status" && path.subresource !== "scale";
  const encoding = streams ? json : negotiate(request.headers.get("accept"), {
    ...{ resource, includeObject, now },
    watching: verb === "watch",
    listing: listingOf(path, verb),
    pretty: isPretty(request, url),
  });
  return {
    request,
    connection,
    user,
    url,
    path,
    verb,
    resource,
    operations,
    registry,
    encoding,
    warnings: new Warnings(),
  };
}
