/** What upstream fills in for Jobs and CronJobs. */
import type { ICronJob } from "kubernetes-models/batch/v1/CronJob";
import type { IJob } from "kubernetes-models/batch/v1/Job";
import type { IJobSpec } from "kubernetes-models/batch/v1/JobSpec";
import { fill } from "./fill.ts";
import { defaultPodTemplate } from "./pod.ts";

const unlimited = 2 ** 31 - 1;

export function defaultJob(job: IJob): void {
  const spec = job.spec;
  if (!spec) return;
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
  fill(spec, {
    parallelism: 1,
    backoffLimit: spec.backoffLimitPerIndex === undefined ? 6 : unlimited,
    completionMode: "NonIndexed",
    manualSelector: false,
    suspend: false,
    podReplacementPolicy: spec.podFailurePolicy ? "Failed" : "TerminatingOrFailed",
  });
  const labels = spec.template?.metadata?.labels;
  if (labels && !Object.keys(job.metadata?.labels ?? {}).length) (job.metadata ??= {}).labels = { ...labels };
  defaultJobTemplate(spec);
}

/** A CronJob's template gets its job defaults when the job is made. */
export function defaultCronJob({ spec }: ICronJob): void {
  if (!spec) return;
  fill(spec, {
    concurrencyPolicy: "Allow",
    suspend: false,
    successfulJobsHistoryLimit: 3,
    failedJobsHistoryLimit: 1,
  });
  if (spec.jobTemplate?.spec) defaultJobTemplate(spec.jobTemplate.spec);
}

function defaultJobTemplate(spec: IJobSpec): void {
  for (const rule of spec.podFailurePolicy?.rules ?? []) {
    for (const condition of rule.onPodConditions ?? []) condition.status ||= "True";
  }
  defaultPodTemplate(spec.template);
}
