/**
 * Job: runs pods until enough of them have succeeded.
 *
 * Laws: one write of the status a reconcile; a fate is written before pods are taken away for it; a finalizer goes only
 * after the status that counts its pod is written. So a crash between any two writes counts nothing twice.
 */
import type { IJob } from "kubernetes-models/batch/v1/Job";
import { Job, keyOf, Pod } from "../runtime/schema/mod.ts";
import {
  type Controller,
  controller,
  controllerOf,
  done,
  mapped,
  type Outcome,
  ownedBy,
  ownerKey,
  requeueAfter,
  type Scope,
  watches,
} from "../runtime/loop/mod.ts";
import { conditionOf } from "./objects/conditions.ts";
import { deadlineInMs, decidedBy, endOf, isOver, type JobEnd, type JobWorld } from "./job/end.ts";
import { letGo, track } from "./job/finalizers.ts";
import { planJob } from "./job/plan.ts";
import { jobPod } from "./job/pod.ts";
import { isSettled, jobStatus } from "./job/status.ts";
import { isTracked, type JobObject, lastFailures, noteOf, tallyOf } from "./job/tally.ts";
import { claim, claimable } from "./objects/ownership.ts";
import { isActive, isGoing, type PodObject } from "./objects/pod_state.ts";
import { about, createPods, deletePod } from "./objects/pod_template.ts";
import { selectedBy } from "./objects/selected_by.ts";
import { labelSelectorOf } from "./objects/selectors.ts";

const ownName = "kubernetes.io/job-controller";

export const jobs: Controller = controller(Job, {
  name: "job",
  watches: [selectedBy(Pod, Job, labelSelectorOf)],
  async reconcile(key, scope): Promise<Outcome> {
    const job = scope.read(key);
    if (!job?.spec || !isOurs(job) || isOver(job) || isGoing(job)) return done;
    const candidates = claimable(scope.informers.of(Pod), job);
    const matches = labelSelectorOf(job);
    const pods = await claim({ ownerKind: Job, owner: job, kind: Pod, matches, candidates }, scope);
    const stray = pods.filter((pod) => isActive(pod) && !isTracked(pod));
    if (stray.length === 0) return await run(job, pods, scope);
    await track(stray, scope);
    // Their change makes the Job due again.
    return done;
  },
});

/** Pods that no Job counts any more lose the finalizer: their Job is gone or over, or they were released. */
export const jobOrphans: Controller = {
  name: "job-orphans",
  sources: [watches(Pod, { when: ({ object }) => isTracked(object) }), podsOfEndedJobs()],
  async reconcile(key, context): Promise<Outcome> {
    const pod = context.informers.of(Pod).get(key);
    if (!pod || !isTracked(pod)) return done;
    const jobKey = ownerKey(pod, Job);
    const job = jobKey === undefined ? undefined : context.informers.of(Job).get(jobKey);
    const counted = job !== undefined && job.metadata.uid === controllerOf(pod)?.uid;
    if (!counted || (isOurs(job) && (isOver(job) || isGoing(job)))) await letGo([pod], context);
    return done;
  },
};

function podsOfEndedJobs() {
  return mapped(Job, (job, { informers }) => ownedBy(informers.of(Pod), job).filter(isTracked).map(keyOf), {
    when: ({ type, object }) => type === "DELETED" || isOver(object) || isGoing(object),
  });
}

function isOurs({ spec }: JobObject): boolean {
  return (spec?.managedBy ?? ownName) === ownName;
}

async function run(job: JobObject, pods: readonly PodObject[], scope: Scope<IJob>): Promise<Outcome> {
  const world: JobWorld = { job, pods, tally: tallyOf(job, pods), now: scope.clock.now() };
  const end = endOf(world);
  const last = end ? new Map<number, PodObject>() : lastFailures(job, pods, world.tally);
  const waitMs = end ? await finish(world, end, scope) : await step(world, last, scope);
  const note = noteOf(job, world.tally, new Set(last.values()));
  const present = ownedBy(scope.informers.of(Pod), job);
  await scope.status(job, jobStatus(world, { end, note, pods: present }));
  tell(world, present, end, scope);
  await letGo(note.release, scope);
  const waits = [waitMs, end ? undefined : deadlineInMs(job, world.now)].filter((wait) => wait !== undefined);
  return waits.length > 0 ? requeueAfter(Math.min(...waits)) : done;
}

/** What runs is taken away, after the fate is known to everybody; each such pod is counted as its end says. */
async function finish({ job, pods }: JobWorld, end: JobEnd, scope: Scope<IJob>): Promise<undefined> {
  if (conditionOf(job.status?.conditions, decidedBy[end.type])?.status !== "True") return;
  await Promise.all(pods.filter(isActive).map((pod) => deletePod({ kind: Job, object: job }, pod, scope)));
}

async function step(world: JobWorld, last: ReadonlyMap<number, PodObject>, scope: Scope<IJob>) {
  const { job } = world;
  const owner = { kind: Job, object: job };
  const { create, remove, waitMs } = planJob(world, last);
  // What the Job takes away itself is no failure: it is let go uncounted.
  await letGo(remove, scope);
  await Promise.all(remove.map((pod) => deletePod(owner, pod, scope)));
  await createPods(owner, create.map((index) => jobPod(job, index, last.get(index))), scope);
  return waitMs;
}

function tell(world: JobWorld, present: readonly PodObject[], end: JobEnd | undefined, { recorder }: Scope<IJob>) {
  const { job } = world;
  const object = about({ kind: Job, object: job });
  const suspended = conditionOf(job.status?.conditions, "Suspended")?.status === "True";
  if (!end && job.spec!.suspend && !suspended) recorder.event(object, "Normal", "Suspended", "Job suspended");
  if (!end && !job.spec!.suspend && suspended) recorder.event(object, "Normal", "Resumed", "Job resumed");
  if (!end || !isSettled(world, present)) return;
  if (end.type === "Complete") recorder.event(object, "Normal", "Completed", "Job completed");
  else recorder.event(object, "Warning", end.reason, end.message);
}
