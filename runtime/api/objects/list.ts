/**
 * LIST: the present from the cache, or the past from a snapshot.
 *
 * Semantics of resourceVersion, resourceVersionMatch, limit and continue: KEP-2340, KEP-4988 and "Resource versions" in
 * the API concepts.
 */
import { invalid, StatusError } from "../../schema/mod.ts";
import { StoreError } from "../../store/store.ts";
import { lowerBound, ObjectRevision } from "../cache/mod.ts";
import type { Collection, ListCall, ObjectList } from "../operations.ts";
import { inRowVersion } from "./conversion.ts";
import { cacheOf, type Machinery, storeTrouble } from "./machinery.ts";
import { type PageToken, readPageToken, writePageToken } from "./page_token.ts";
import { badRequest } from "./refusals.ts";
import { folderOf, selector } from "./selection.ts";

interface Snapshot {
  readonly items: readonly ObjectRevision[];
  readonly revision: number;
  /** Objects of the snapshot that were left in the store, because this page has no room for them. */
  readonly beyond?: number;
}

export async function list(m: Machinery, collection: Collection, call: ListCall): Promise<ObjectList> {
  const wanted = checkVersions(collection, call);
  const matches = selector(collection.resource, call);
  const token = call.continue ? readPageToken(call.continue) : undefined;
  const snapshot = await snapshotFor(m, collection, call, token, wanted);
  const items = await inRowVersion(snapshot.items, collection.resource);
  const from = token ? lowerBound(snapshot.items, `${token.after}\0`) : 0;
  return page({ ...snapshot, items }, from, call.limit ?? 0, matches);
}

/** Looks at no more of the snapshot than the page needs. */
function page(
  { items: all, revision, beyond = 0 }: Snapshot,
  from: number,
  limit: number,
  matches: ((object: ObjectRevision["object"]) => boolean) | undefined,
): ObjectList {
  const resourceVersion = String(revision);
  if (limit <= 0 && !matches) return { items: from > 0 ? all.slice(from) : all, resourceVersion };
  const items: ObjectRevision[] = [];
  let at = from;
  for (; at < all.length && (limit <= 0 || items.length < limit); at++) {
    if (!matches || matches(all[at]!.object)) items.push(all[at]!);
  }
  const remaining = all.length - at + beyond;
  if (remaining === 0) return { items, resourceVersion };
  const token = writePageToken({ revision, after: all[at - 1]!.path });
  // With a selector nobody knows how many of the rest match.
  return { items, resourceVersion, continue: token, ...(matches ? {} : { remainingItemCount: remaining }) };
}

/** The revision that the caller names; `undefined`: the newest. */
function checkVersions(collection: Collection, call: ListCall): number | undefined {
  const { resourceVersion, resourceVersionMatch, continue: token } = call;
  if (resourceVersionMatch) checkMatch(collection, call);
  if (token && resourceVersion && resourceVersion !== "0") {
    throw badRequest("specifying resource version is not allowed when using continue");
  }
  return resourceVersion ? parseVersion(resourceVersion) : undefined;
}

function checkMatch({ resource }: Collection, { resourceVersion, resourceVersionMatch, continue: token }: ListCall) {
  const forbid = (message: string) =>
    invalid({ ...resource, group: "meta.k8s.io", kind: "ListOptions" }, "", [{
      reason: "FieldValueForbidden",
      field: "resourceVersionMatch",
      message: `Forbidden: ${message}`,
    }]);
  if (!resourceVersion) throw forbid("resourceVersionMatch is forbidden unless resourceVersion is provided");
  if (token) throw forbid("resourceVersionMatch is forbidden when continue is provided");
  if (resourceVersionMatch !== "Exact" && resourceVersionMatch !== "NotOlderThan") {
    throw invalid({ ...resource, group: "meta.k8s.io", kind: "ListOptions" }, "", [{
      reason: "FieldValueNotSupported",
      field: "resourceVersionMatch",
      message: `Unsupported value: "${resourceVersionMatch}": supported values: "Exact", "NotOlderThan", ""`,
    }]);
  }
  if (resourceVersionMatch === "Exact" && resourceVersion === "0") {
    throw forbid('resourceVersionMatch "exact" is forbidden for resourceVersion "0"');
  }
}

/** Throws in upstream's words. */
export function parseVersion(text: string): number {
  const revision = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(revision)) return revision;
  throw badRequest(`resourceVersion: Invalid value: "${text}": strconv.ParseUint: parsing "${text}": invalid syntax`);
}

async function snapshotFor(
  m: Machinery,
  collection: Collection,
  call: ListCall,
  token: PageToken | undefined,
  wanted: number | undefined,
): Promise<Snapshot> {
  const limit = call.labelSelector || call.fieldSelector ? undefined : call.limit;
  if (token && token.revision >= 0) return await past(m, collection, token.revision, { token, limit });
  // With a limit and no match rule, upstream takes a resourceVersion as exact; that is from before match rules.
  const exact = call.resourceVersionMatch === "Exact" || (!call.resourceVersionMatch && !!call.limit && !!wanted);
  if (exact && wanted) return await past(m, collection, wanted, { limit });
  if (wanted === undefined) await m.cache.fresh();
  else if (wanted > 0) await m.cache.reached(wanted);
  return present(m, collection);
}

function present(m: Machinery, { resource, namespace }: Collection): Snapshot {
  return { items: cacheOf(m, resource).list(folderOf({ namespace })), revision: m.cache.revision };
}

/** From the cache when nothing has changed since, otherwise from the store's history. */
async function past(
  m: Machinery,
  collection: Collection,
  revision: number,
  { token, limit }: { readonly token?: PageToken; readonly limit?: number },
): Promise<Snapshot> {
  await m.cache.reached(revision);
  if (unchangedSince(m, collection, revision)) return { ...present(m, collection), revision };
  const { resource, namespace } = collection;
  const prefix = `${resource.storagePrefix}/${folderOf({ namespace })}`;
  const startAfter = token && `${resource.storagePrefix}/${token.after}`;
  try {
    const { entries, remaining } = await m.store.list({ prefix, revision, startAfter, limit });
    const offset = resource.storagePrefix.length + 1;
    const items = entries.map((entry) => ObjectRevision.ofStored(entry.key.slice(offset), entry.revision, entry.value));
    return { items, revision, beyond: remaining };
  } catch (error) {
    if (error instanceof StoreError && error.reason === "compacted") throw expired(token);
    throw storeTrouble(error);
  }
}

function unchangedSince(m: Machinery, { resource }: Collection, revision: number): boolean {
  return m.cache.horizon <= revision && cacheOf(m, resource).changed <= revision;
}

function expired(token?: PageToken): StatusError {
  if (!token) {
    return new StatusError("Expired", `The resourceVersion for the provided list is too old.`);
  }
  const error = new StatusError(
    "Expired",
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without " +
      "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. " +
      "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or " +
      "deleted between the time the first chunk was returned and now may show up in the list.",
  );
  return Object.assign(error, { continueToken: writePageToken({ revision: -1, after: token.after }) });
}
