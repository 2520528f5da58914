/** URLs of the API, out of kinds and options. Source: API concepts, "Resource URIs". */
import type { DeleteOptions, ListOptions, WatchOptions, WriteOptions } from "../loop/client.ts";
import type { Kind, Ref } from "../schema/mod.ts";

/** `/api/v1/namespaces/default/pods/web/status`; without a name the collection, without a namespace all of them. */
export function pathOf(kind: Kind<unknown>, { namespace, name }: Partial<Ref> = {}, subresource?: string): string {
  const segments = [kind.apiVersion.includes("/") ? "apis" : "api", ...kind.apiVersion.split("/")];
  if (kind.namespaced && namespace) segments.push("namespaces", namespace);
  segments.push(kind.plural);
  if (name) segments.push(name);
  if (subresource) segments.push(subresource);
  return "/" + segments.map(encodeURIComponent).join("/");
}

export function listQuery(options: ListOptions): string {
  const { namespace: _inPath, ...query } = options;
  return queryOf(query);
}

export function watchQuery(
  { namespace: _inPath, signal: _local, allowBookmarks: allowWatchBookmarks, ...query }: WatchOptions,
): string {
  // The server refuses sendInitialEvents without a resourceVersionMatch (KEP-3157).
  const match = query.sendInitialEvents === undefined ? undefined : "NotOlderThan";
  return queryOf({ watch: true, resourceVersionMatch: match, allowWatchBookmarks, ...query });
}

export function writeQuery({ fieldManager, dryRun }: WriteOptions, force?: boolean): string {
  return queryOf({ fieldManager, dryRun: dryRun ? "All" : undefined, force });
}

/** Body of a DELETE. */
export function deleteBody({ gracePeriodSeconds, propagationPolicy, preconditions, dryRun }: DeleteOptions): object {
  const head = { kind: "DeleteOptions", apiVersion: "v1" };
  return { ...head, gracePeriodSeconds, propagationPolicy, preconditions, dryRun: dryRun ? ["All"] : undefined };
}

function queryOf(query: Record<string, string | number | boolean | undefined>): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  if (given.length === 0) return "";
  return "?" + new URLSearchParams(given.map(([name, value]) => [name, String(value)]));
}
