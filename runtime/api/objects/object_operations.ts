/** The operations, put together from one file each. */
import type { KubeObject } from "../../schema/mod.ts";
import type { Operations, PatchBody, Target, WriteCall, Written } from "../operations.ts";
import { subresourceOf } from "../subresources/table.ts";
import { create } from "./create.ts";
import { remove } from "./delete.ts";
import { removeCollection } from "./delete_collection.ts";
import { list } from "./list.ts";
import type { Machinery } from "./machinery.ts";
import { patch } from "./patch.ts";
import { read } from "./read.ts";
import { methodNotAllowed, noSuchPage } from "./refusals.ts";
import { update } from "./update.ts";
import { watch } from "./watch.ts";

export function objectOperations(m: Machinery): Operations {
  return {
    get: (target, resourceVersion) => read(m, target, resourceVersion),
    list: (collection, call) => list(m, collection, call),
    watch: (collection, call, sink) => watch(m, collection, call, sink),
    async create(collection, object, call) {
      return { revision: await create(m, collection, object, call), created: true };
    },
    update: (target, object, call) => updateAny(m, target, object, call),
    patch: (target, body, call) => patchAny(m, target, body, call),
    delete: (target, call) => remove(m, target, call),
    deleteCollection: (collection, select, call) => removeCollection(m, collection, select, call),
    post: (target, subresource, body, call) => post(m, target, subresource, body, call),
    getSubresource: (target, subresource) => getSubresource(m, target, subresource),
  };
}

/** Subresources that show another kind have an update of their own; all others are parts of the object. */
function updateAny(m: Machinery, target: Target, object: KubeObject, call: WriteCall): Promise<Written> {
  const own = call.subresource && subresourceOf(target.resource, call.subresource)?.update;
  return own ? own(m, target, object, call) : update(m, target, object, call);
}

function patchAny(m: Machinery, target: Target, body: PatchBody, call: WriteCall): Promise<Written> {
  const own = call.subresource && subresourceOf(target.resource, call.subresource)?.patch;
  return own ? own(m, target, body, call) : patch(m, target, body, call);
}

async function post(m: Machinery, target: Target, subresource: string, body: KubeObject, call: WriteCall) {
  const row = subresourceOf(target.resource, subresource);
  if (!row) throw noSuchPage();
  if (!row.post) throw methodNotAllowed();
  return await row.post(m, target, body, call);
}

async function getSubresource(m: Machinery, target: Target, subresource: string): Promise<KubeObject> {
  const row = subresourceOf(target.resource, subresource);
  if (!row) throw noSuchPage();
  if (row.get) return await row.get(m, target);
  throw methodNotAllowed();
}
