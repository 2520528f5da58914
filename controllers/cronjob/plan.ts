/**
 * What a CronJob does now: start a Job, replace those that run, forget old ones, wait. Pure.
 *
 * Laws: one Job a scheduled time, whose name says the time, so that no crash starts it twice; of times that were missed only
 * the latest is made up for; `Forbid` never starts a second one; the history keeps the youngest.
 *
 * Source: CronJob (https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/).
 */
import type { ICronJob } from "kubernetes-models/batch/v1/CronJob";
import type { IJob } from "kubernetes-models/batch/v1/Job";
import type { Stored } from "../../runtime/schema/mod.ts";
import { conditionOf } from "../objects/conditions.ts";
import type { Schedule } from "./schedule.ts";
import { isGoing } from "../objects/pod_state.ts";

export type CronJobObject = Stored<ICronJob>;
export type JobObject = Stored<IJob>;

export const scheduledAnnotation = "batch.kubernetes.io/cronjob-scheduled-timestamp";

/** From here on a warning tells of a clock or a deadline that is wrong. */
const manyMissed = 100;

export interface CronWorld {
  readonly cronJob: CronJobObject;
  /** Jobs that it controls. */
  readonly jobs: readonly JobObject[];
  readonly schedule: Schedule;
  readonly now: number;
}

export interface Said {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
}

export interface CronPlan {
  /** Scheduled time of the Job to start. */
  readonly start?: number;
  /** Jobs that run and make way. */
  readonly replace: readonly JobObject[];
  readonly waitMs?: number;
  readonly said: readonly Said[];
}

/** `Complete` or `Failed`, when it is over. */
export function endOfJob({ status }: JobObject): string | undefined {
  return ["Complete", "Failed"].find((type) => conditionOf(status?.conditions, type)?.status === "True");
}

/** Those that the schedule has started; Jobs that a person makes from the CronJob don't count. */
export function activeJobs({ status }: CronJobObject, jobs: readonly JobObject[]): JobObject[] {
  const known = new Set(status?.active?.map(({ uid }) => uid));
  return jobs.filter((job) => {
    const ours = known.has(job.metadata.uid) || job.metadata.annotations?.[scheduledAnnotation] !== undefined;
    return ours && !endOfJob(job) && !isGoing(job);
  });
}

/** The last time for which a Job was started. Its Job tells when the status does not yet. */
export function lastScheduled({ status }: CronJobObject, jobs: readonly JobObject[]): number | undefined {
  const told = [status?.lastScheduleTime, ...jobs.map(({ metadata }) => metadata.annotations?.[scheduledAnnotation])];
  const times = told.map((time) => Date.parse(time ?? "")).filter((time) => !Number.isNaN(time));
  return times.length > 0 ? Math.max(...times) : undefined;
}

export function planCron(world: CronWorld): CronPlan {
  const { cronJob, jobs, schedule, now } = world;
  const { startingDeadlineSeconds: deadline, concurrencyPolicy } = cronJob.spec!;
  const since = lastScheduled(cronJob, jobs) ?? Date.parse(cronJob.metadata.creationTimestamp);
  const time = schedule.due(since, now);
  const next = schedule.next(time ?? since, now);
  const later = { replace: [], waitMs: next === undefined ? undefined : Math.max(0, next - now) };
  if (time === undefined) return { ...later, said: [] };
  const said = warnings(world, since);
  if (deadline !== undefined && time + deadline * 1000 < now) {
    return {
      ...later,
      said: [...said, warning("MissSchedule", `Missed scheduled time to start a job: ${rfc1123(time)}`)],
    };
  }
  const active = activeJobs(cronJob, jobs);
  if (concurrencyPolicy === "Forbid" && active.length > 0) {
    const message = "Not starting job because prior execution is running and concurrency policy is Forbid";
    return { ...later, said: [...said, { type: "Normal", reason: "JobAlreadyActive", message }] };
  }
  return { ...later, start: time, replace: concurrencyPolicy === "Replace" ? active : [], said };
}

/** Missed times count from the deadline on, when there is one. */
function warnings({ cronJob, schedule, now }: CronWorld, since: number): Said[] {
  const { startingDeadlineSeconds: deadline } = cronJob.spec!;
  const from = deadline === undefined ? since : Math.max(since, now - deadline * 1000);
  if (!schedule.missedMoreThan(manyMissed, from, now)) return [];
  const advice = "Set or decrease .spec.startingDeadlineSeconds or check clock skew";
  return [warning("TooManyMissedTimes", `too many missed start times. ${advice}`)];
}

export function warning(reason: string, message: string): Said {
  return { type: "Warning", reason, message };
}

/** `Mon, 02 Jan 2006 15:04:05 +0000` */
function rfc1123(ms: number): string {
  return new Date(ms).toUTCString().replace("GMT", "+0000");
}

/** Finished Jobs beyond the limits, the oldest. */
export function oldJobs({ spec }: CronJobObject, jobs: readonly JobObject[]): JobObject[] {
  const beyond = (end: string, limit: number) => {
    const finished = jobs.filter((job) => endOfJob(job) === end && !isGoing(job)).sort((a, b) => begun(a) - begun(b));
    return finished.slice(0, Math.max(0, finished.length - limit));
  };
  const { successfulJobsHistoryLimit = 3, failedJobsHistoryLimit = 1 } = spec!;
  return [...beyond("Complete", successfulJobsHistoryLimit), ...beyond("Failed", failedJobsHistoryLimit)];
}

function begun({ status, metadata }: JobObject): number {
  return Date.parse(status?.startTime ?? metadata.creationTimestamp);
}

/** Minutes since the epoch make the name. */
export function jobNameAt(name: string, time: number): string {
  return `${name}-${Math.floor(time / 60_000)}`;
}
