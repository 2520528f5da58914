/** DELETE of a collection: a list, and the deletion of each. */
import { isReason } from "../../schema/mod.ts";
import type { ObjectRevision } from "../cache/mod.ts";
import type { Collection, DeleteCall, ListCall, ObjectList } from "../operations.ts";
import { remove } from "./delete.ts";
import { list } from "./list.ts";
import type { Machinery } from "./machinery.ts";

/** Deletions in flight at once: the store commits those that arrive together in one go. */
const inFlight = 64;

/** Answers with the objects as they were listed. */
export async function removeCollection(
  m: Machinery,
  collection: Collection,
  select: ListCall,
  call: DeleteCall,
): Promise<ObjectList> {
  const listed = await list(m, collection, select);
  const next = listed.items[Symbol.iterator]();
  const worker = async () => {
    for (const revision of next) await removeListed(m, collection, revision, call);
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  return listed;
}

/** Whoever deleted it before us did our work. */
async function removeListed(m: Machinery, { resource }: Collection, { object }: ObjectRevision, call: DeleteCall) {
  const { name, namespace = "" } = object.metadata;
  try {
    await remove(m, { resource, namespace, name }, call);
  } catch (error) {
    if (!isReason(error, "NotFound")) throw error;
  }
}
