/** WATCH: which changes a watcher begins with, from its options (KEP-3157, "Efficient detection of changes"). */
import type { WatchSink } from "../cache/mod.ts";
import type { Collection, WatchCall } from "../operations.ts";
import { convertingSink } from "./conversion.ts";
import { checkWatchOptions, readVersion } from "./list_options.ts";
import { cacheOf, type Machinery } from "./machinery.ts";
import { folderOf, selector } from "./selection.ts";

/** Throws Expired when the resourceVersion is too old, Timeout when it does not come. */
export async function watch(
  m: Machinery,
  collection: Collection,
  call: WatchCall,
  sink: WatchSink,
): Promise<Disposable> {
  const { resource, namespace } = collection;
  const matches = selector(resource, call);
  checkWatchOptions(call);
  const selection = { folder: folderOf({ namespace }), matches: resource.convert ? undefined : matches };
  const wanted = readVersion(call.resourceVersion);
  const initial = call.sendInitialEvents ?? !wanted;
  if (wanted === undefined) await m.cache.fresh();
  else if (initial) await m.cache.reached(wanted);
  const after = initial ? undefined : wanted || m.cache.revision;
  return cacheOf(m, resource).watch({
    selection,
    sink: resource.convert ? convertingSink(sink, resource, matches) : sink,
    bookmarks: call.allowBookmarks ?? false,
    after,
    markInitialEnd: call.sendInitialEvents === true && call.allowBookmarks === true,
  }, m.cache.revision);
}
