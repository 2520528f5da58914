/**
 * What this process applied last, so that changes by others can be told from everything else.
 *
 * Law: server-side apply notes in managedFields which fields are ours; whoever changes one takes it from us. So an object
 * is touched exactly when it is gone, another one, or our entry there differs from the one we left.
 */
import type { Json, KubeObject, Stored } from "../../runtime/schema/mod.ts";
import { sameJson } from "../../runtime/loop/mod.ts";
import { identityOf, type ObjectRef } from "./manifest_file.ts";

export const fieldManager = "d8s-gitops";

interface Trace {
  readonly record: string;
  readonly uid: string;
  readonly fields?: Json;
  readonly atMs: number;
}

export class AppliedObjects {
  readonly #traces = new Map<string, Trace>();

  note(ref: ObjectRef, object: Stored<KubeObject>, { record, atMs }: { record: string; atMs: number }): void {
    this.#traces.set(identityOf(ref), { record, uid: object.metadata.uid, fields: ownFields(object), atMs });
  }

  forget(ref: ObjectRef): void {
    this.#traces.delete(identityOf(ref));
  }

  /** The record whose object this is, when somebody else has changed it; `atMs` is when we applied it last. */
  touched(ref: ObjectRef, object: Stored<KubeObject> | undefined): { record: string; atMs: number } | undefined {
    const trace = this.#traces.get(identityOf(ref));
    if (!trace) return undefined;
    const same = object?.metadata.uid === trace.uid && sameJson(ownFields(object), trace.fields);
    return same ? undefined : trace;
  }
}

export function ownFields({ metadata }: Stored<KubeObject>): Json | undefined {
  return metadata.managedFields?.find(({ manager, operation, subresource }) =>
    manager === fieldManager && operation === "Apply" && !subresource
  )?.fieldsV1;
}
