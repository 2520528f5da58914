/**
 * Job: runs pods until enough of them have succeeded.
 *
 * Laws: a pod carries a finalizer until it is counted, so that no end is missed; what is about to be counted is written to
 * `uncountedTerminatedPods` first, so that a crash between counting and letting go counts nothing twice.
 */
import type { IJob } from "kubernetes-models/batch/v1/Job";
import type { IJobStatus } from "kubernetes-models/batch/v1/JobStatus";
import type { IPod } from "kubernetes-models/v1/Pod";
import { isReason, Job, keyOf, Pod, refOf, type Stored } from "../runtime/schema/mod.ts";
import {
  type Controller,
  controller,
  done,
  type Outcome,
  requeueAfter,
  type Scope,
  seen,
} from "../runtime/loop/mod.ts";
import { conditionOf, timestamp, withCondition } from "./conditions.ts";
import {
  endOf,
  formatIndexes,
  hasEnded,
  indexAnnotation,
  indexOf,
  type JobEnd,
  type JobObject,
  type JobStep,
  type JobWorld,
  parseIndexes,
  planJob,
  trackingFinalizer,
} from "./job_plan.ts";
import { claim } from "./ownership.ts";
import { isFinished, isGoing, isReady, type PodObject } from "./pod_state.ts";
import { about, createPods, deletePod, podOf } from "./pod_template.ts";
import { selectedBy } from "./selected_by.ts";
import { labelSelectorOf } from "./selectors.ts";

export const jobs: Controller = controller(Job, {
  name: "job",
  watches: [selectedBy(Pod, Job, labelSelectorOf)],
  async reconcile(key, scope): Promise<Outcome> {
    const job = scope.read(key);
    if (!job?.spec || job.spec.managedBy && job.spec.managedBy !== "kubernetes.io/job-controller") return done;
    const candidates = scope.informers.of(Pod).list(job.metadata.namespace);
    const matches = labelSelectorOf(job);
    const pods = await claim({ ownerKind: Job, owner: job, kind: Pod, matches, candidates }, scope);
    if (isGoing(job) || ended(job)) {
      await letGo(pods.filter((pod) => isFinished(pod) || isGoing(job)), scope);
      return done;
    }
    return await run(await started(job, scope), pods, scope);
  },
});

function ended({ status }: JobObject): boolean {
  return ["Complete", "Failed"].some((type) => conditionOf(status?.conditions, type)?.status === "True");
}

/** `startTime` is when it first ran, or ran again after it was suspended. */
async function started(job: JobObject, scope: Scope<IJob>): Promise<JobObject> {
  if (job.spec!.suspend || job.status?.startTime) return job;
  return await writeStatus(job, { ...job.status, startTime: timestamp(scope.clock.now()) }, scope);
}

async function writeStatus(job: JobObject, status: IJobStatus, scope: Scope<IJob>): Promise<JobObject> {
  const written = await scope.client.update(Job, { ...job, status }, { subresource: "status" });
  await seen(Job, written, scope);
  return written;
}

async function run(job: JobObject, pods: readonly PodObject[], scope: Scope<IJob>): Promise<Outcome> {
  const now = scope.clock.now();
  const world = worldOf(job, pods, now);
  const end = endOf(world);
  const step: JobStep = end
    ? { create: [], remove: pods.filter((pod) => !isFinished(pod) && !isGoing(pod)) }
    : planJob(world);
  const owner = { kind: Job, object: job };
  // What we take away ourselves is no failure: it is let go uncounted.
  await letGo(step.remove, scope);
  await Promise.all(step.remove.map((pod) => deletePod(owner, pod, scope)));
  await createPods(owner, step.create.map((index) => jobPod(job, index)), scope);
  const uncounted = pods.filter((pod) => isTracked(pod) && hasEnded(job, pod) && !step.remove.includes(pod));
  // A Job ends only when every pod is counted and let go.
  const last = uncounted.length === 0 ? end : undefined;
  await count(job, { world, end: last, uncounted, made: step.create.length - step.remove.length }, scope);
  await letGo(uncounted, scope);
  const wait = step.waitMs ?? deadlineMs(job, now);
  return wait === undefined || end ? done : requeueAfter(wait);
}

function deadlineMs({ spec, status }: JobObject, now: number): number | undefined {
  if (spec!.activeDeadlineSeconds === undefined || spec!.suspend) return undefined;
  return Math.max(0, Date.parse(status?.startTime ?? "") + spec!.activeDeadlineSeconds * 1000 - now);
}

/** Ended pods that still carry the finalizer are not in the totals yet, unless they are noted as being counted. */
function worldOf(job: JobObject, pods: readonly PodObject[], now: number): JobWorld {
  const fresh = pods.filter((pod) => isTracked(pod) && hasEnded(job, pod));
  const noted = new Set(
    [...job.status?.uncountedTerminatedPods?.succeeded ?? [], ...job.status?.uncountedTerminatedPods?.failed ?? []],
  );
  const news = fresh.filter(({ metadata }) => !noted.has(metadata.uid));
  const succeeded = news.filter(({ status }) => status?.phase === "Succeeded");
  const doneIndexes = parseIndexes(job.status?.completedIndexes);
  for (const pod of succeeded) if (indexOf(pod) >= 0) doneIndexes.add(indexOf(pod));
  return {
    job,
    pods,
    now,
    succeeded: job.spec!.completionMode === "Indexed"
      ? doneIndexes.size
      : (job.status?.succeeded ?? 0) + succeeded.length,
    failed: (job.status?.failed ?? 0) + news.length - succeeded.length,
    doneIndexes,
  };
}

function isTracked({ metadata }: PodObject): boolean {
  return metadata.finalizers?.includes(trackingFinalizer) ?? false;
}

interface Counting {
  readonly world: JobWorld;
  /** Ended pods that carry the finalizer still. */
  readonly uncounted: readonly PodObject[];
  readonly end?: JobEnd;
  /** Active pods more than `world` knows. */
  readonly made: number;
}

/** One write: totals, and the uids that are in them while their finalizers are not off yet. */
async function count(job: JobObject, { world, end, uncounted, made }: Counting, scope: Scope<IJob>): Promise<void> {
  const { pods, succeeded, failed, doneIndexes, now } = world;
  const uids = (won: boolean) =>
    uncounted.filter(({ status }) => (status?.phase === "Succeeded") === won).map(({ metadata }) => metadata.uid);
  const noted = Object.entries({ succeeded: uids(true), failed: uids(false) }).filter(([, list]) => list.length > 0);
  const active = pods.filter((pod) => !isFinished(pod) && !isGoing(pod));
  const status: IJobStatus = {
    ...job.status,
    active: Math.max(0, active.length + made) || undefined,
    ready: active.filter(isReady).length,
    terminating: pods.filter((pod) => isGoing(pod) && !isFinished(pod)).length,
    succeeded: succeeded || undefined,
    failed: failed || undefined,
    uncountedTerminatedPods: Object.fromEntries(noted),
    ...(job.spec!.completionMode === "Indexed" ? { completedIndexes: formatIndexes(doneIndexes) || undefined } : {}),
    conditions: conditionsOf(job, end, timestamp(now)),
  };
  if (job.spec!.suspend) delete status.startTime;
  if (end?.type === "Complete") status.completionTime = timestamp(now);
  await scope.status(job, status);
  if (end) tellEnd(job, end, scope);
}

function conditionsOf({ spec, status }: JobObject, end: JobEnd | undefined, now: string) {
  let conditions = [...status?.conditions ?? []];
  const set = (type: string, value: string, reason: string, message: string) => {
    const next = { type, status: value, reason, message, lastProbeTime: now };
    conditions = withCondition(conditions as never, next, { now });
  };
  const suspended = conditionOf(conditions, "Suspended")?.status === "True";
  if (spec!.suspend && !suspended) set("Suspended", "True", "JobSuspended", "Job suspended");
  if (!spec!.suspend && suspended) set("Suspended", "False", "JobResumed", "Job resumed");
  if (end) {
    // The first says why, the second that nothing runs any more (KEP-3998).
    set(end.type === "Complete" ? "SuccessCriteriaMet" : "FailureTarget", "True", end.reason, end.message);
    set(end.type, "True", end.reason, end.message);
  }
  return conditions.length > 0 ? conditions : undefined;
}

function tellEnd(job: JobObject, end: JobEnd, { recorder }: Scope<IJob>): void {
  const object = about({ kind: Job, object: job });
  if (end.type === "Complete") recorder.event(object, "Normal", "Completed", "Job completed");
  else recorder.event(object, "Warning", end.reason, end.message);
}

function jobPod(job: JobObject, index: number): IPod {
  const pod = podOf({ kind: Job, object: job }, job.spec!.template);
  pod.metadata!.finalizers = [...pod.metadata!.finalizers ?? [], trackingFinalizer];
  if (index < 0) return pod;
  const { name } = job.metadata;
  pod.metadata!.generateName = `${name}-${index}-`;
  pod.metadata!.annotations = { ...pod.metadata!.annotations, [indexAnnotation]: String(index) };
  pod.metadata!.labels = { ...pod.metadata!.labels, [indexAnnotation]: String(index) };
  pod.spec!.hostname = `${name}-${index}`.slice(0, 63);
  const fieldPath = `metadata.labels['${indexAnnotation}']`;
  const variable = { name: "JOB_COMPLETION_INDEX", valueFrom: { fieldRef: { fieldPath } } };
  for (const container of [...pod.spec!.containers, ...pod.spec!.initContainers ?? []]) {
    if (!container.env?.some((one) => one.name === variable.name)) container.env = [...container.env ?? [], variable];
  }
  return pod;
}

/** They are counted, or nobody counts any more. */
async function letGo(pods: readonly Stored<IPod>[], { client }: Scope<IJob>): Promise<void> {
  for (const { metadata } of pods.filter(isTracked)) {
    const finalizers = metadata.finalizers!.filter((finalizer) => finalizer !== trackingFinalizer);
    const { uid, resourceVersion } = metadata;
    const body = { metadata: { uid, resourceVersion, finalizers: finalizers.length > 0 ? finalizers : null } };
    try {
      await client.patch(Pod, refOf(keyOf({ metadata })), { type: "merge", body });
    } catch (error) {
      if (!isReason(error, "NotFound")) throw error;
    }
  }
}
