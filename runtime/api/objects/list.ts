/**
 * LIST: the present from the cache, or the past from a snapshot.
 *
 * Semantics of resourceVersion, resourceVersionMatch, limit and continue: KEP-2340, KEP-4988 and "Resource versions" in
 * the API concepts.
 */
import { isReason, StatusError } from "../../schema/mod.ts";
import { StoreError } from "../../store/store.ts";
import { lowerBound, ObjectRevision } from "../cache/mod.ts";
import type { Collection, ListCall, ObjectList } from "../operations.ts";
import { inRowVersion } from "./conversion.ts";
import { checkListOptions, listedVersion } from "./list_options.ts";
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
  const matches = selector(collection.resource, call);
  checkListOptions(call);
  const token = call.continue ? readPageToken(call.continue) : undefined;
  const wanted = listedVersion(call.resourceVersion);
  if (token && wanted) throw badRequest("specifying resource version is not allowed when using continue");
  const limit = limitOf(call, wanted);
  const snapshot = await snapshotFor(m, collection, { ...call, limit }, token, wanted);
  const items = await inRowVersion(snapshot.items, collection.resource);
  const folder = folderOf(collection);
  const from = token ? lowerBound(snapshot.items, `${folder}${token.after}\0`) : 0;
  return page({ ...snapshot, items }, { folder, from, limit, matches });
}

/** "Whatever is at hand" is all of it: informers of old begin so, and expect one page. */
function limitOf({ limit = 0, continue: token }: ListCall, wanted: number | undefined): number {
  return wanted === 0 && !token ? 0 : Math.max(limit, 0);
}

interface Page {
  readonly folder: string;
  readonly from: number;
  /** 0: all. */
  readonly limit: number;
  readonly matches: ((object: ObjectRevision["object"]) => boolean) | undefined;
}

/** Looks at no more of the snapshot than the page needs. */
function page({ items: all, revision, beyond = 0 }: Snapshot, { folder, from, limit, matches }: Page): ObjectList {
  const resourceVersion = String(revision);
  if (limit === 0 && !matches) return { items: from > 0 ? all.slice(from) : all, resourceVersion };
  const items: ObjectRevision[] = [];
  let at = from;
  for (; at < all.length && (limit === 0 || items.length < limit); at++) {
    if (!matches || matches(all[at]!.object)) items.push(all[at]!);
  }
  const remaining = all.length - at + beyond;
  if (remaining === 0) return { items, resourceVersion };
  const token = writePageToken({ revision, after: all[at - 1]!.path.slice(folder.length) });
  // With a selector nobody knows how many of the rest match.
  return { items, resourceVersion, continue: token, ...(matches ? {} : { remainingItemCount: remaining }) };
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
  await exactlyReached(m, revision);
  if (unchangedSince(m, collection, revision)) return { ...present(m, collection), revision };
  const { resource, namespace } = collection;
  const prefix = `${resource.storagePrefix}/${folderOf({ namespace })}`;
  const startAfter = token && `${prefix}${token.after}`;
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

/** Nobody is told to come back for a past that is not there yet. */
async function exactlyReached({ cache }: Machinery, revision: number): Promise<void> {
  try {
    await cache.reached(revision);
  } catch (error) {
    if (!isReason(error, "Timeout")) throw error;
    throw new StatusError("Timeout", error.message, { causes: error.details.causes });
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
