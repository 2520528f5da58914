/**
 * Writes a file's objects: tries them all without effect first, so that a file that the server refuses changes nothing,
 * then applies them, then prunes.
 */
import {
  isReason,
  type Json,
  type Kind,
  type KubeObject,
  type Ref,
  type StatusError,
  type Stored,
} from "../../runtime/schema/mod.ts";
import type { Client } from "../../runtime/loop/mod.ts";
import { messageOf } from "../objects/pod_template.ts";
import { fieldManager, ownFields } from "./applied.ts";
import type { Desired } from "./file_plan.ts";
import type { KindResolver } from "./kind_resolver.ts";
import { describeRef, type FileError, type ObjectRef } from "./manifest_file.ts";

export interface Trouble extends FileError {
  /** `broken`: the file itself must be mended. `waiting`: it may fit later. */
  readonly type: "broken" | "waiting";
}

interface Tools {
  readonly client: Client;
  readonly resolver: KindResolver;
}

/** The first object that the server would refuse for what it says. What cannot be tried yet is no trouble here. */
export async function rehearse(objects: readonly Desired[], tools: Tools): Promise<Trouble | undefined> {
  for (const desired of objects) {
    const kind = await tools.resolver.resolve(desired.ref);
    if (!kind) continue;
    try {
      await applyOne(kind, desired, { client: tools.client, dryRun: true });
    } catch (error) {
      const trouble = troubleOf(desired, error);
      if (trouble.type === "broken") return trouble;
    }
  }
}

/** Applies one object; what failed is returned. */
export async function applyDesired(
  desired: Desired,
  tools: Tools,
): Promise<{ readonly stored: Stored<KubeObject> } | { readonly trouble: Trouble }> {
  const { ref, manifest: { document, lineOf } } = desired;
  try {
    const kind = await tools.resolver.resolve(ref);
    if (kind) return { stored: await applyOne(kind, desired, { client: tools.client }) };
    const message = `no matches for kind "${ref.kind}" in version "${ref.apiVersion}"`;
    return { trouble: { type: "waiting", document, line: lineOf("kind"), message } };
  } catch (error) {
    return { trouble: troubleOf(desired, error) };
  }
}

function applyOne(
  kind: Kind<KubeObject>,
  { ref, object }: Desired,
  { client, dryRun }: { client: Client; dryRun?: boolean },
): Promise<Stored<KubeObject>> {
  const patch = { type: "apply" as const, body: object as unknown as Json, force: true };
  return client.patch(kind, placeOf(ref), patch, { fieldManager, ...(dryRun ? { dryRun } : {}) });
}

function placeOf({ namespace, name }: ObjectRef): Ref {
  return namespace ? { namespace, name } : { name };
}

/** Refusals of the content itself: the same again would be refused again. */
function isBroken(error: unknown): error is StatusError {
  return isReason(error, "Invalid", "BadRequest", "RequestEntityTooLarge", "MethodNotAllowed", "UnsupportedMediaType");
}

function troubleOf({ ref, manifest: { document, line, lineOf } }: Desired, error: unknown): Trouble {
  const message = `${describeRef(ref)}: ${messageOf(error)}`;
  if (!isBroken(error)) return { type: "waiting", document, line, message };
  const field = error.details.causes?.find((cause) => cause.field)?.field;
  return { type: "broken", document, line: field ? lineOf(field) : line, message };
}

/** Deletes what we applied; what is gone, or no longer carries a field of ours, is left alone. */
export async function prune(ref: ObjectRef, { client, resolver }: Tools): Promise<void> {
  const kind = await resolver.resolve(ref);
  const live = kind && await client.get(kind, placeOf(ref));
  if (!kind || !live || live.metadata.deletionTimestamp || ownFields(live) === undefined) return;
  try {
    const { uid } = live.metadata;
    await client.delete(kind, placeOf(ref), { propagationPolicy: "Background", preconditions: { uid } });
  } catch (error) {
    if (!isReason(error, "NotFound", "Conflict")) throw error;
  }
}
