/**
 * The one place that writes to the store: bytes made once, one optimistic transaction, and the cache told at once.
 *
 * A conflict is data: `undefined`, and the caller looks again.
 */
import type { KubeObject, Resource } from "../../schema/mod.ts";
import { ObjectRevision, serialise } from "../cache/mod.ts";
import { asWritten, inStoredVersion } from "./conversion.ts";
import { rulesOf } from "./kind_rules.ts";
import { type Machinery, storeTrouble } from "./machinery.ts";

export interface Commit {
  readonly resource: Resource;
  readonly path: string;
  /** Revision that the object must be at; 0: it must not be there. */
  readonly expected: number;
  readonly dryRun?: boolean;
}

/** The largest object, in bytes as stored; etcd's own limit. */
export const largestObject = 1.5 * 1024 * 1024;

/** Takes the object. `undefined`: it was not at the expected revision; the cache has caught up with what is there. */
export async function commitPut(m: Machinery, object: KubeObject, commit: Commit): Promise<ObjectRevision | undefined> {
  const { resource, path, expected, dryRun } = commit;
  const stored = await inStoredVersion(object, resource);
  stored.apiVersion = resource.storageVersion;
  const value = serialise(stored);
  if (dryRun) return asWritten(ObjectRevision.ofStored(path, expected, value, stored), object, resource);
  const key = `${resource.storagePrefix}/${path}`;
  const { ttlSeconds } = rulesOf(resource);
  const answer = await m.store.put(key, value, { expected, ttlSeconds }).catch((error) => {
    throw storeTrouble(error);
  });
  if (!answer.ok) return void await m.cache.reached(answer.revision);
  const revision = ObjectRevision.ofStored(path, answer.revision, value, stored);
  m.cache.wrote(key, answer.revision, revision);
  return asWritten(revision, object, resource);
}

/** The last state as of the deletion; `undefined` as above. */
export async function commitDelete(
  m: Machinery,
  last: ObjectRevision,
  commit: Commit,
): Promise<ObjectRevision | undefined> {
  const { resource, path, expected, dryRun } = commit;
  if (dryRun) return last;
  const key = `${resource.storagePrefix}/${path}`;
  const answer = await m.store.delete(key, { expected }).catch((error) => {
    throw storeTrouble(error);
  });
  if (!answer.ok) return void await m.cache.reached(answer.revision);
  m.cache.wrote(key, answer.revision);
  return last.at(answer.revision);
}
