/** Looks up one object, seeing every write that was answered before. */
import { notFound } from "../../schema/mod.ts";
import type { ObjectRevision } from "../cache/mod.ts";
import type { Target } from "../operations.ts";
import { inRowVersion } from "./conversion.ts";
import { readVersion } from "./list_options.ts";
import { cacheOf, type Machinery, pathOf } from "./machinery.ts";

/** Not older than `resourceVersion`; "0": whatever is at hand. Throws NotFound, and Timeout for a version that does not come. */
export async function read(m: Machinery, target: Target, resourceVersion?: string): Promise<ObjectRevision> {
  const wanted = readVersion(resourceVersion);
  if (wanted === undefined) await m.cache.fresh();
  else if (wanted > 0) await m.cache.reached(wanted);
  const found = present(m, target);
  if (!found) throw notFound(target.resource, target.name);
  return (await inRowVersion([found], target.resource))[0]!;
}

/** What the cache holds at this moment. */
export function present(m: Machinery, target: Target): ObjectRevision | undefined {
  return cacheOf(m, target.resource).get(pathOf(target));
}
