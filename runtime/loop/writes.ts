/**
 * Writes as values, so that a plan can be asserted without a cluster, and the thin executor that sends them.
 *
 * A write is over when the local copy has seen it. The next reconcile therefore never repeats a write because its
 * informer was behind, and no loop needs upstream's expectations.
 */
import { isReason, keyOf, type Kind, type KubeObject, type Ref, type Stored } from "../schema/mod.ts";
import type { DeleteOptions, Patch, WriteOptions } from "./client.ts";
import type { LoopContext } from "./controller.ts";
import { revisionOf } from "./revision.ts";

export type Write =
  | { readonly do: "create"; readonly kind: Kind<unknown>; readonly object: unknown }
  | { readonly do: "update"; readonly kind: Kind<unknown>; readonly object: unknown; readonly options?: WriteOptions }
  | {
    readonly do: "patch";
    readonly kind: Kind<unknown>;
    readonly ref: Ref;
    readonly patch: Patch;
    readonly options?: WriteOptions;
  }
  | { readonly do: "delete"; readonly kind: Kind<unknown>; readonly ref: Ref; readonly options?: DeleteOptions };

export function creating<T>(kind: Kind<T>, object: T): Write {
  return { do: "create", kind, object };
}

/** PUT; with `metadata.resourceVersion` it is refused when somebody else was faster. */
export function updating<T>(kind: Kind<T>, object: T, options?: WriteOptions): Write {
  return { do: "update", kind, object, options };
}

export function patching<T>(kind: Kind<T>, ref: Ref, patch: Patch, options?: WriteOptions): Write {
  return { do: "patch", kind, ref, patch, options };
}

/** What is gone already counts as deleted. */
export function deleting<T>(kind: Kind<T>, ref: Ref, options?: DeleteOptions): Write {
  return { do: "delete", kind, ref, options };
}

/**
 * Sends writes in batches of 1, 2, 4, 8 ..., so that a quota or an admission rule that refuses the first is asked once
 * and not a thousand times. The first error ends it, after its batch.
 */
export async function applyWrites(writes: readonly Write[], context: LoopContext): Promise<void> {
  for (let from = 0, size = 1; from < writes.length; from += size, size *= 2) {
    if (context.signal.aborted) return;
    const results = await Promise.allSettled(writes.slice(from, from + size).map((write) => send(write, context)));
    for (const result of results) if (result.status === "rejected") throw result.reason;
  }
}

async function send(write: Write, context: LoopContext): Promise<void> {
  if (write.do === "delete") return await sendDelete(write.kind, write.ref, write.options, context);
  await seen(write.kind, await sendObject(write, context), context);
}

function sendObject(write: Exclude<Write, { do: "delete" }>, { client }: LoopContext): Promise<Stored<unknown>> {
  switch (write.do) {
    case "create":
      return client.create(write.kind, write.object);
    case "update":
      return client.update(write.kind, write.object, write.options);
    case "patch":
      return client.patch(write.kind, write.ref, write.patch, write.options);
  }
}

async function sendDelete(
  kind: Kind<unknown>,
  ref: Ref,
  options: DeleteOptions | undefined,
  { client, informers, signal }: LoopContext,
): Promise<void> {
  const informer = informers.of(kind);
  const key = keyOf({ metadata: ref });
  const uid = options?.preconditions?.uid ?? informer.get(key)?.metadata.uid;
  try {
    await client.delete(kind, ref, options);
  } catch (error) {
    if (!isReason(error, "NotFound")) throw error;
  }
  const going = (object?: Stored<unknown>) =>
    !object || object.metadata.uid !== uid || object.metadata.deletionTimestamp !== undefined;
  await informer.until(key, going, signal);
}

/** Waits until the local copy holds this version of the object, or a later one. */
export async function seen<T>(kind: Kind<T>, written: Stored<T>, { informers, signal }: LoopContext): Promise<void> {
  const version = revisionOf(written.metadata.resourceVersion);
  const informer = informers.of(kind);
  let wasThere = informer.get(keyOf(written as KubeObject)) !== undefined;
  const arrived = (object?: Stored<T>) => {
    if (!object) return wasThere || informer.listedAt >= version;
    wasThere = true;
    return revisionOf(object.metadata.resourceVersion) >= version;
  };
  // Without a copy at the start `wasThere` is false until it comes; a copy that goes away was deleted by somebody.
  await informer.until(keyOf(written as KubeObject), arrived, signal);
}
