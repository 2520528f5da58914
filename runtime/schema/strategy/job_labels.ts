/** A Job that selects its own pods does so by its uid, in the new labels and in those of before v1.27. */
import type { KubeObject, ObjectMeta } from "../object.ts";

interface Job {
  metadata: ObjectMeta;
  spec?: {
    manualSelector?: boolean;
    selector?: { matchLabels?: Record<string, string> };
    template?: { metadata?: ObjectMeta };
  };
}

/** In place, before defaults: a Job without labels gets those of its pods, a named one with what is added here. */
export function prepareJob(object: KubeObject): void {
  const { metadata } = object as unknown as Job;
  const spec = (object as unknown as Job).spec ??= {};
  if (spec.manualSelector || !metadata.uid) return;
  const template = (spec.template ??= {}).metadata ??= {};
  if (metadata.generateName && template.labels && !metadata.labels) metadata.labels = { ...template.labels };
  const labels = template.labels ??= {};
  for (const prefix of ["", "batch.kubernetes.io/"]) {
    labels[`${prefix}controller-uid`] ??= metadata.uid;
    labels[`${prefix}job-name`] ??= metadata.name ?? "";
  }
  const selected = (spec.selector ??= {}).matchLabels ??= {};
  selected["batch.kubernetes.io/controller-uid"] ??= metadata.uid;
}
