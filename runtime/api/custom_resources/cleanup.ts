/** The end of a CustomResourceDefinition: its objects go first, finalizers and all, and then it may go itself. */
import type { Json, Resource, Stored } from "../../schema/mod.ts";
import { isReason } from "../../schema/mod.ts";
import { apiServerUser } from "../bootstrap/ensure.ts";
import type { ResourceCache, WatchCache } from "../cache/mod.ts";
import type { Operations } from "../operations.ts";
import { endingStatus } from "./definition_status.ts";

export const cleanupFinalizer = "customresourcecleanup.apiextensions.k8s.io";

export interface Cleaner {
  readonly now: () => number;
  readonly cache: WatchCache;
  readonly operations: Operations;
}

/** Resolves when nothing of it is left. `rows`: what it served. */
export async function cleanUp(
  cleaner: Cleaner,
  definitions: Resource,
  definition: Stored,
  rows: readonly Resource[],
): Promise<void> {
  const { name, finalizers = [] } = definition.metadata;
  if (!finalizers.includes(cleanupFinalizer)) return;
  const tell = (ending: "begun" | "done") =>
    patchDefinition(cleaner, definitions, name, { status: endingStatus(definition, ending, cleaner.now()) }, "status");
  await tell("begun");
  const [row] = rows;
  if (row) {
    await cleaner.operations.deleteCollection({ resource: row, namespace: "" }, {}, { user: apiServerUser });
    await empty(cleaner.cache.resource(row.storagePrefix));
  }
  await tell("done");
  const kept = finalizers.filter((finalizer) => finalizer !== cleanupFinalizer);
  await patchDefinition(cleaner, definitions, name, { metadata: { finalizers: kept } });
}

/** Whoever deleted the definition meanwhile left nothing to patch. */
export async function patchDefinition(
  { operations }: Cleaner,
  definitions: Resource,
  name: string,
  body: object,
  subresource?: string,
): Promise<void> {
  const target = { resource: definitions, namespace: "", name };
  const call = { user: apiServerUser, fieldManager: "kube-apiserver", subresource };
  try {
    await operations.patch(target, { type: "merge", body: body as Json }, call);
  } catch (error) {
    if (!isReason(error, "NotFound")) throw error;
  }
}

/** Objects with finalizers of their own take as long as their controllers do. */
async function empty(cache: ResourceCache): Promise<void> {
  if (cache.size === 0) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const look = () => {
    if (cache.size === 0) resolve();
  };
  const sink = { event: look, bookmark: () => {}, closed: () => resolve() };
  using _watch = cache.watch({ selection: { folder: "" }, sink, bookmarks: false }, 0);
  await promise;
}
