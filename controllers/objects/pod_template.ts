/** Pods out of a template, and writing them with the events that users look for. */
import type { IPod } from "kubernetes-models/v1/Pod";
import type { IPodTemplateSpec } from "kubernetes-models/v1/PodTemplateSpec";
import { isReason, keyOf, type Kind, type KubeObject, Pod, refOf, type Stored } from "../../runtime/schema/mod.ts";
import { applyWrites, deleting, type LoopContext, seen } from "../../runtime/loop/mod.ts";
import { controllerReference } from "./ownership.ts";
import type { PodObject } from "./pod_state.ts";

/** An object that owns pods. Its kind is said apart: a cached object need not carry it. */
export interface PodOwner<O> {
  readonly kind: Kind<O>;
  readonly object: Stored<O>;
}

/** A pod named after its owner with a random end; whoever names its pods sets `metadata.name`. */
export function podOf<O>({ kind, object }: PodOwner<O>, template: IPodTemplateSpec): IPod {
  const { labels, annotations, finalizers } = template.metadata ?? {};
  const { name, namespace } = object.metadata;
  const ownerReferences = [controllerReference(kind, object)];
  const metadata: NonNullable<IPod["metadata"]> = { generateName: `${name}-`, namespace, ownerReferences };
  if (labels) metadata.labels = { ...labels };
  if (annotations) metadata.annotations = { ...annotations };
  if (finalizers) metadata.finalizers = [...finalizers];
  return { apiVersion: "v1", kind: "Pod", metadata, spec: structuredClone(template.spec) };
}

/**
 * Returns when the local copy shows the pod, so that it is never made twice. Throws what the server says, after an Event
 * `FailedCreate`; a namespace on its way out is no failure: nothing is due there.
 */
export async function createPod<O>(owner: PodOwner<O>, pod: IPod, context: LoopContext): Promise<void> {
  const { client, recorder } = context;
  try {
    const created = await client.create(Pod, pod);
    recorder.event(about(owner), "Normal", "SuccessfulCreate", `Created pod: ${created.metadata.name}`);
    await seen(Pod, created, context);
  } catch (error) {
    if (isNamespaceTerminating(error)) return;
    recorder.event(about(owner), "Warning", "FailedCreate", `Error creating: ${messageOf(error)}`);
    throw error;
  }
}

/** In batches of 1, 2, 4, ...: when all would fail for one reason, such as a quota, only a few are tried. */
export async function createPods<O>(
  owner: PodOwner<O>,
  pods: readonly IPod[],
  context: LoopContext,
): Promise<void> {
  for (let from = 0, size = 1; from < pods.length; from += size, size *= 2) {
    const batch = pods.slice(from, from + size).map((pod) => createPod(owner, pod, context));
    const failed = (await Promise.allSettled(batch)).find((result) => result.status === "rejected");
    if (failed) throw failed.reason;
  }
}

export async function deletePod<O>(owner: PodOwner<O>, pod: PodObject, context: LoopContext): Promise<void> {
  const { uid, name } = pod.metadata;
  try {
    await applyWrites([deleting(Pod, refOf(keyOf(pod)), { preconditions: { uid } })], context);
    context.recorder.event(about(owner), "Normal", "SuccessfulDelete", `Deleted pod: ${name}`);
  } catch (error) {
    // Another pod took the name: the one that was meant is gone.
    if (isReason(error, "Conflict")) return;
    context.recorder.event(about(owner), "Warning", "FailedDelete", `Error deleting: ${messageOf(error)}`);
    throw error;
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function isNamespaceTerminating(error: unknown): boolean {
  if (!isReason(error, "Forbidden")) return false;
  return error.details.causes?.some((cause) => cause.reason === "NamespaceTerminating") ?? false;
}

/** What an Event is about: the object with its kind. */
export function about<O>({ kind, object }: PodOwner<O>): KubeObject {
  return { ...object, apiVersion: kind.apiVersion, kind: kind.kind, metadata: object.metadata };
}
