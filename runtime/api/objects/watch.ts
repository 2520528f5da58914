/** WATCH: which changes a watcher begins with, from its options (KEP-3157, "Efficient detection of changes"). */
import { invalid } from "../../schema/mod.ts";
import type { WatchSink } from "../cache/mod.ts";
import type { Collection, WatchCall } from "../operations.ts";
import { parseVersion } from "./list.ts";
import { convertingSink } from "./conversion.ts";
import { cacheOf, type Machinery } from "./machinery.ts";
import { folderOf, selector } from "./selection.ts";

/** Throws Expired when the resourceVersion is too old. */
export async function watch(
  m: Machinery,
  collection: Collection,
  call: WatchCall,
  sink: WatchSink,
): Promise<Disposable> {
  checkInitialEvents(collection, call);
  const { resource, namespace } = collection;
  const matches = selector(resource, call);
  const selection = { folder: folderOf({ namespace }), matches: resource.convert ? undefined : matches };
  const wanted = call.resourceVersion ? parseVersion(call.resourceVersion) : undefined;
  const initial = call.sendInitialEvents ?? !wanted;
  if (wanted === undefined) await m.cache.fresh();
  else if (initial && wanted > 0) await m.cache.reached(wanted);
  const after = initial ? undefined : wanted || m.cache.revision;
  return cacheOf(m, resource).watch({
    selection,
    sink: resource.convert ? convertingSink(sink, resource, matches) : sink,
    bookmarks: call.allowBookmarks ?? false,
    after,
    markInitialEnd: call.sendInitialEvents === true && call.allowBookmarks === true,
  }, m.cache.revision);
}

function checkInitialEvents({ resource }: Collection, call: WatchCall): void {
  const refuse = (field: string, message: string) =>
    invalid({ ...resource, group: "meta.k8s.io", kind: "ListOptions" }, "", [{
      reason: "FieldValueForbidden",
      field,
      message: `Forbidden: ${message}`,
    }]);
  const { sendInitialEvents, resourceVersionMatch } = call;
  if (sendInitialEvents === undefined && resourceVersionMatch) {
    throw refuse(
      "resourceVersionMatch",
      "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
    );
  }
  if (sendInitialEvents !== undefined && resourceVersionMatch !== "NotOlderThan") {
    throw refuse(
      "resourceVersionMatch",
      "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
    );
  }
}
