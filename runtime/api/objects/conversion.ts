/**
 * Objects whose versions somebody outside converts, so that it takes time: in the version of their row when they are read,
 * in the stored one when they are written. Rows without a converter pass untouched.
 */
import { apiVersionOf, type KubeObject, type Resource, type Stored } from "../../schema/mod.ts";
import { type CacheEvent, type EventType, ObjectRevision, type WatchSink } from "../cache/mod.ts";
import { copyJson } from "./json_value.ts";

const known = new WeakMap<Resource, WeakMap<ObjectRevision, ObjectRevision>>();

function memoryOf(resource: Resource): WeakMap<ObjectRevision, ObjectRevision> {
  const found = known.get(resource) ?? new WeakMap<ObjectRevision, ObjectRevision>();
  known.set(resource, found);
  return found;
}

/** All that are not known yet are asked for at once. */
export async function inRowVersion(
  revisions: readonly ObjectRevision[],
  resource: Resource,
): Promise<readonly ObjectRevision[]> {
  if (!resource.convert) return revisions;
  const wanted = apiVersionOf(resource);
  const memory = memoryOf(resource);
  const open = revisions.filter((one) => one.object.apiVersion !== wanted && !memory.has(one));
  if (open.length > 0) {
    const made = await resource.convert(open.map(({ object }) => object as KubeObject), wanted);
    open.forEach((one, i) => memory.set(one, one.withObject(copyJson(made[i]!) as KubeObject)));
  }
  return revisions.map((one) => memory.get(one) ?? one);
}

/** What is stored for an object of the row's version; may be the object itself. */
export async function inStoredVersion(object: KubeObject, resource: Resource): Promise<KubeObject> {
  const given = apiVersionOf(resource);
  if (!resource.convert || given === resource.storageVersion) return object;
  const [stored] = await resource.convert([{ ...object, apiVersion: given }], resource.storageVersion);
  return copyJson(stored!) as KubeObject;
}

/** The same write as the caller wrote it. */
export function asWritten(stored: ObjectRevision, object: KubeObject, resource: Resource): ObjectRevision {
  if (!resource.convert) return stored;
  const shown = stored.withObject({ ...object, apiVersion: apiVersionOf(resource) });
  memoryOf(resource).set(stored, shown);
  return shown;
}

/** Events in the row's version and in their order; `matches` sees converted objects. */
export function convertingSink(
  sink: WatchSink,
  resource: Resource,
  matches: ((object: Stored) => boolean) | undefined,
): WatchSink {
  let queue: Promise<void> = Promise.resolve();
  const inOrder = (work: () => void | Promise<void>) => {
    queue = queue.then(work).catch(() => sink.closed());
  };
  const one = async (revision: ObjectRevision) => (await inRowVersion([revision], resource))[0]!;
  return {
    event: (type: EventType, revision: ObjectRevision, event?: CacheEvent) =>
      inOrder(async () => {
        const shown = await one(revision);
        if (!matches) return sink.event(type, shown);
        const is = type !== "DELETED" && matches(shown.object);
        const was = event?.previous !== undefined && matches((await one(event.previous)).object);
        if (is) sink.event(was ? "MODIFIED" : "ADDED", shown);
        else if (was) sink.event("DELETED", shown);
      }),
    bookmark: (revision, initialEnd) => inOrder(() => sink.bookmark(revision, initialEnd)),
    closed: (error) => inOrder(() => sink.closed(error)),
  };
}
