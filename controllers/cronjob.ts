/** CronJob: starts Jobs at the times of a schedule. */
import type { ICronJob } from "kubernetes-models/batch/v1/CronJob";
import type { ICronJobStatus } from "kubernetes-models/batch/v1/CronJobStatus";
import type { IJob } from "kubernetes-models/batch/v1/Job";
import { CronJob, isReason, Job, keyOf, refOf } from "../runtime/schema/mod.ts";
import {
  applyWrites,
  type Controller,
  controller,
  deleting,
  done,
  type Outcome,
  requeueAfter,
  type Scope,
  seen,
} from "../runtime/loop/mod.ts";
import { timestamp } from "./objects/conditions.ts";
import {
  activeJobs,
  type CronJobObject,
  endOfJob,
  jobNameAt,
  type JobObject,
  lastScheduled,
  oldJobs,
  planCron,
  scheduledAnnotation,
  warning,
} from "./cronjob/plan.ts";
import { parseSchedule, type Schedule } from "./cronjob/schedule.ts";
import { controllerReference } from "./objects/ownership.ts";
import { isGoing } from "./objects/pod_state.ts";
import { about, isNamespaceTerminating, messageOf } from "./objects/pod_template.ts";

export const cronJobs: Controller = controller(CronJob, {
  name: "cronjob",
  owns: [Job],
  async reconcile(key, scope): Promise<Outcome> {
    const cronJob = scope.read(key);
    if (!cronJob?.spec) return done;
    tellChanges(cronJob, scope.children(Job, cronJob), scope);
    const outcome = isGoing(cronJob) || cronJob.spec.suspend ? done : await follow(cronJob, scope);
    const jobs = scope.children(Job, cronJob);
    await scope.status(cronJob, statusOf(cronJob, jobs));
    if (!isGoing(cronJob)) { for (const job of oldJobs(cronJob, jobs)) await deleteJob(cronJob, job, scope); }
    return outcome;
  },
});

async function follow(cronJob: CronJobObject, scope: Scope<ICronJob>): Promise<Outcome> {
  const object = about({ kind: CronJob, object: cronJob });
  const schedule = scheduleOf(cronJob, scope);
  if (!schedule) return done;
  const { clock, recorder, children } = scope;
  const plan = planCron({ cronJob, jobs: children(Job, cronJob), schedule, now: clock.now() });
  for (const { type, reason, message } of plan.said) recorder.event(object, type, reason, message);
  for (const job of plan.replace) await deleteJob(cronJob, job, scope);
  if (plan.start !== undefined) await startJob(cronJob, plan.start, scope);
  return plan.waitMs === undefined ? done : requeueAfter(plan.waitMs);
}

/** What cannot be read is told, and waits for a change. */
function scheduleOf(cronJob: CronJobObject, { recorder }: Scope<ICronJob>): Schedule | undefined {
  const { schedule, timeZone } = cronJob.spec!;
  try {
    return parseSchedule(schedule, timeZone);
  } catch (error) {
    const text = JSON.stringify(schedule);
    const { type, reason, message } = warning(
      "UnparseableSchedule",
      `unparseable schedule: ${text} : ${messageOf(error)}`,
    );
    recorder.event(about({ kind: CronJob, object: cronJob }), type, reason, message);
    return undefined;
  }
}

async function startJob(cronJob: CronJobObject, time: number, scope: Scope<ICronJob>): Promise<void> {
  const { client, recorder } = scope;
  const object = about({ kind: CronJob, object: cronJob });
  try {
    const created = await client.create(Job, jobAt(cronJob, time));
    recorder.event(object, "Normal", "SuccessfulCreate", `Created job ${created.metadata.name}`);
    await seen(Job, created, scope);
  } catch (error) {
    // It was started for this time before.
    if (isReason(error, "AlreadyExists") || isNamespaceTerminating(error)) return;
    recorder.event(object, "Warning", "FailedCreate", `Error creating job: ${messageOf(error)}`);
    throw error;
  }
}

function jobAt(cronJob: CronJobObject, time: number): IJob {
  const { jobTemplate: { metadata = {}, spec }, timeZone } = cronJob.spec!;
  const { name, namespace } = cronJob.metadata;
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      name: jobNameAt(name, time),
      namespace,
      labels: { ...metadata.labels },
      annotations: { ...metadata.annotations, [scheduledAnnotation]: zonedTime(time, timeZone) },
      ownerReferences: [controllerReference(CronJob, cronJob)],
    },
    spec: structuredClone(spec),
  };
}

/** RFC 3339 with the zone's offset. */
function zonedTime(ms: number, timeZone = "UTC"): string {
  const part = { timeZone, timeZoneName: "longOffset" } as const;
  const name = new Intl.DateTimeFormat("en", part).formatToParts(ms).find(({ type }) => type === "timeZoneName")!.value;
  const [, sign, hours, minutes] = /^GMT([+-])(\d\d):(\d\d)/.exec(name) ?? [];
  if (sign === undefined) return timestamp(ms);
  const offset = (Number(hours) * 60 + Number(minutes)) * (sign === "-" ? -1 : 1);
  return timestamp(ms + offset * 60_000).replace("Z", `${sign}${hours}:${minutes}`);
}

async function deleteJob(cronJob: CronJobObject, job: JobObject, scope: Scope<ICronJob>): Promise<void> {
  const object = about({ kind: CronJob, object: cronJob });
  const { uid, name } = job.metadata;
  const options = { propagationPolicy: "Background", preconditions: { uid } } as const;
  try {
    await applyWrites([deleting(Job, refOf(keyOf(job)), options)], scope);
    scope.recorder.event(object, "Normal", "SuccessfulDelete", `Deleted job ${name}`);
  } catch (error) {
    if (isReason(error, "Conflict")) return;
    scope.recorder.event(object, "Warning", "FailedDelete", `Deleted job: ${messageOf(error)}`);
    throw error;
  }
}

/** Of Jobs that were active when it looked last, and of those that it does not know. */
function tellChanges(cronJob: CronJobObject, jobs: readonly JobObject[], { recorder }: Scope<ICronJob>): void {
  const object = about({ kind: CronJob, object: cronJob });
  const byUid = new Map(jobs.map((job) => [job.metadata.uid, job]));
  for (const { uid = "", name } of cronJob.status?.active ?? []) {
    const job = byUid.get(uid);
    const end = job && endOfJob(job);
    if (!job) recorder.event(object, "Normal", "MissingJob", `Active job went missing: ${name}`);
    else if (end) recorder.event(object, "Normal", "SawCompletedJob", `Saw completed job: ${name}, condition: ${end}`);
  }
  const active = new Set(activeJobs(cronJob, jobs));
  for (const job of jobs.filter((job) => !active.has(job) && !endOfJob(job) && !isGoing(job))) {
    const message = `Saw a job that the controller did not create or forgot: ${job.metadata.name}`;
    recorder.event(object, "Warning", "UnexpectedJob", message);
  }
}

function statusOf(cronJob: CronJobObject, jobs: readonly JobObject[]): ICronJobStatus {
  const { status } = cronJob;
  const known = new Map(status?.active?.map((reference) => [reference.uid, reference]));
  const active = activeJobs(cronJob, jobs).map(({ metadata: { name, namespace, uid, resourceVersion } }) =>
    known.get(uid) ?? { apiVersion: "batch/v1", kind: "Job", namespace, name, uid, resourceVersion }
  );
  const last = lastScheduled(cronJob, jobs);
  const successes = jobs.filter((job) => endOfJob(job) === "Complete").map((job) => job.status?.completionTime);
  const lastSuccess = [status?.lastSuccessfulTime, ...successes].filter((time) => time !== undefined).sort().at(-1);
  return {
    ...(active.length > 0 ? { active } : {}),
    ...(last === undefined ? {} : { lastScheduleTime: timestamp(last) }),
    ...(lastSuccess === undefined ? {} : { lastSuccessfulTime: lastSuccess }),
  };
}
