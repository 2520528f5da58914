/**
 * What a path asks for. A pure function of method and path.
 *
 * Source: "API URIs" of the API concepts, including the old `/watch/` prefix and `namespaces/NAME/finalize`.
 */
export interface ResourcePath {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  /** Empty: cluster scope, or all namespaces. */
  readonly namespace: string;
  /** Empty: the collection. */
  readonly name: string;
  readonly subresource: string;
  /** What follows the subresource (`proxy/a/b`: `a/b`), as it was sent. */
  readonly rest: string;
  /** The old `/watch/` prefix stands in the path. */
  readonly watch: boolean;
}

const ofNamespace = new Set(["status", "finalize"]);

/** `undefined`: not below a group and version. Throws URIError for broken escapes. */
export function parseResourcePath(pathname: string): ResourcePath | undefined {
  const parts = pathname.split("/").slice(1);
  const core = parts[0] === "api";
  if (!core && parts[0] !== "apis") return undefined;
  const [group, version] = core ? ["", parts[1]] : [parts[1], parts[2]];
  let at = core ? 2 : 3;
  if (group === undefined || !version || !parts[at]) return undefined;
  const watch = parts[at] === "watch" && at + 1 < parts.length;
  if (watch) at++;
  const inNamespace = parts[at] === "namespaces" && parts.length > at + 2 && !ofNamespace.has(parts[at + 2]!) &&
    parts[at + 2] !== "";
  const namespace = inNamespace ? decodeURIComponent(parts[at + 1]!) : "";
  if (inNamespace) at += 2;
  const [plural = "", name = "", subresource = "", ...rest] = parts.slice(at);
  return {
    group,
    version,
    plural,
    namespace,
    name: decodeURIComponent(name),
    subresource,
    rest: rest.join("/"),
    watch,
  };
}

const verbs: Readonly<Record<string, string>> = { POST: "create", PUT: "update", PATCH: "patch" };

/**
 * The verb that authorization asks about; `undefined`: a method that the API does not have. Proxies pass HEAD and OPTIONS
 * on; the latter has no verb, so only who may do everything may send it.
 */
export function verbOf(method: string, path: ResourcePath, watching: boolean): string | undefined {
  if (method === "GET" || method === "HEAD" && path.subresource === "proxy") {
    // Only the old paths watch one object by its name.
    if (path.watch || watching && !path.name) return "watch";
    return path.name ? "get" : "list";
  }
  if (method === "OPTIONS") return path.subresource === "proxy" ? "" : undefined;
  if (method === "DELETE") return path.name ? "delete" : "deletecollection";
  return verbs[method];
}

/** A Namespace lies in itself: who was given rights in it by a Role there has them on it as well. */
export function namespaceAsked({ group, plural, name, namespace }: ResourcePath): string {
  return group === "" && plural === "namespaces" ? name : namespace;
}
