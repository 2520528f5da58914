/** The pod of a Job, with its index where it has one. Pure. Source: KEP-2214, KEP-4017 (index label), KEP-3850. */
import type { IPod } from "kubernetes-models/v1/Pod";
import { Job } from "../../runtime/schema/mod.ts";
import { indexAnnotation } from "./indexes.ts";
import { failureVerdict } from "./policies.ts";
import {
  failureCount,
  failureCountAnnotation,
  ignoredCountAnnotation,
  type JobObject,
  trackingFinalizer,
} from "./tally.ts";
import type { PodObject } from "../objects/pod_state.ts";
import { podOf } from "../objects/pod_template.ts";

/** A DNS label's. */
const longestHostname = 63;

/** `index` is -1 where the Job has no indexes; `replaced` is the failed pod whose number of failures goes on. */
export function jobPod(job: JobObject, index: number, replaced?: PodObject): IPod {
  const pod = podOf({ kind: Job, object: job }, job.spec!.template);
  const metadata = pod.metadata!;
  if (!metadata.finalizers?.includes(trackingFinalizer)) {
    metadata.finalizers = [...metadata.finalizers ?? [], trackingFinalizer];
  }
  if (index < 0) return pod;
  const { name } = job.metadata;
  metadata.generateName = `${name}-${index}-`;
  metadata.annotations = { ...metadata.annotations, [indexAnnotation]: String(index), ...failures(job, replaced) };
  metadata.labels = { ...metadata.labels, [indexAnnotation]: String(index) };
  pod.spec!.hostname = `${name}-${index}`.slice(0, longestHostname);
  tellIndex(pod);
  return pod;
}

function tellIndex({ spec }: IPod): void {
  const fieldPath = `metadata.labels['${indexAnnotation}']`;
  const variable = { name: "JOB_COMPLETION_INDEX", valueFrom: { fieldRef: { fieldPath } } };
  for (const container of [...spec!.containers, ...spec!.initContainers ?? []]) {
    if (!container.env?.some(({ name }) => name === variable.name)) {
      container.env = [...container.env ?? [], structuredClone(variable)];
    }
  }
}

function failures({ spec }: JobObject, replaced: PodObject | undefined): Record<string, string> {
  if (spec!.backoffLimitPerIndex === undefined) return {};
  const counted = replaced && failureVerdict(spec!, replaced).action !== "Ignore" ? 1 : 0;
  const before = replaced ? failureCount(replaced) : 0;
  const ignored = replaced ? failureCount(replaced, ignoredCountAnnotation) + 1 - counted : 0;
  return {
    [failureCountAnnotation]: String(before + counted),
    ...(ignored > 0 ? { [ignoredCountAnnotation]: String(ignored) } : {}),
  };
}
