/** What happens to a pod that fits nowhere: others make room for it, or it waits; its status and an Event say why. */
import type { IPod } from "kubernetes-models/v1/Pod";
import { type Outcome, requeueAfter } from "../../runtime/loop/mod.ts";
import { Pod, PodDisruptionBudget, type Stored } from "../../runtime/schema/mod.ts";
import type { ClaimObject } from "./devices/wants.ts";
import { agreed } from "./extenders/ask_extenders.ts";
import { isInterested } from "./extenders/extender.ts";
import { claimToFree, freeClaim } from "./free_claim.ts";
import { type Refused, refusers } from "./place_pod.ts";
import { tellUnscheduled } from "./pod_condition.ts";
import type { PodFacts } from "./pod_facts.ts";
import type { Profile } from "./profile.ts";
import { preempt } from "./preempt.ts";
import { type Candidates, findCandidates, leastHarmful, type Preemption } from "./preemption.ts";
import { refusalWords } from "./refusal_words.ts";
import type { Term } from "./scheduler_state.ts";

export interface RefusedPod {
  readonly object: Stored<IPod>;
  readonly facts: PodFacts;
  readonly refused: Refused;
}

/** A pod that nothing has helped for so long is tried again, should a rule not know all that helps it. */
const lastResortMs = 300_000;

/** The promise is noted before the first wait, so that nobody else takes the room that is being made. */
export async function refuse({ object, facts, refused }: RefusedPod, term: Term): Promise<Outcome> {
  const { state: { cluster, waiting, from }, profile, context } = term;
  const away = profile.deviceTimeoutMs === undefined ? undefined : claimToFree(facts, refused, cluster);
  if (away) return await lookElsewhere({ object, facts, refused }, away, term);
  const budgets = context.informers.of(PodDisruptionBudget).list();
  const found = findCandidates({ pod: facts, cluster, profile, budgets }, refused, { from });
  const deciding = "candidates" in found ? decide(object, found, term) : found;
  const plan = deciding instanceof Promise ? await deciding : deciding;
  waiting.enter(facts, refusers(refused), context.clock.now());
  const message = words(refused, plan, profile);
  tellFailed(object, message, term);
  const nominatedNode = promise(plan, facts, term);
  if (plan.type !== "victims") {
    await tellUnscheduled(object, { reason: "Unschedulable", message, nominatedNode }, context);
    return requeueAfter(lastResortMs);
  }
  const { node, victims } = plan;
  const displaced = cluster.nominations.below(facts, node);
  for (const { uid } of displaced) cluster.nominations.remove(uid);
  await tellUnscheduled(object, { reason: "Unschedulable", message, nominatedNode }, context);
  await preempt({ pod: facts, node, victims, displaced, schedulerName: profile.schedulerName }, context);
  return requeueAfter(lastResortMs);
}

/** Its devices are given back first; that wakes it up. */
async function lookElsewhere({ object, facts, refused }: RefusedPod, away: ClaimObject, term: Term): Promise<Outcome> {
  const { state: { waiting }, context } = term;
  waiting.enter(facts, refusers(refused), context.clock.now());
  await freeClaim(away, context);
  const message = `${refusalWords(refused)} deallocation of ResourceClaim completed`;
  tellFailed(object, message, term);
  await tellUnscheduled(object, { reason: "Unschedulable", message }, context);
  return requeueAfter(lastResortMs);
}

function tellFailed(object: Stored<IPod>, message: string, { profile, context }: Term): void {
  context.recorder.event(object, "Warning", "FailedScheduling", message, { component: profile.schedulerName });
}

/** Extenders may forbid a preemption, or spare somebody. */
function decide(pod: Stored<IPod>, found: Candidates, { extenders, context }: Term): Preemption | Promise<Preemption> {
  const interested = extenders.filter((extender) => isInterested(extender, pod));
  if (interested.length === 0) return leastHarmful(found.candidates, found);
  const asking = { pod, extenders: interested, log: context.log };
  return agreed(found.candidates, asking, (key) => context.informers.of(Pod).get(key))
    .then((left) => leastHarmful(left, found));
}

/** Upstream's plugin for devices finds nothing of its own then, says "not found", and nobody else is asked. */
function endsBeforeDevices({ everywhere, refusedBy }: Refused, { filters, deviceTimeoutMs }: Profile): boolean {
  if (everywhere === undefined || deviceTimeoutMs === undefined) return false;
  const [first] = refusedBy.values();
  return filters.indexOf(first!.plugin) < filters.findIndex(({ name }) => name === "DynamicResources");
}

/** What might have helped and did not is told in the order in which it was tried. */
function words(refused: Refused, plan: Preemption, profile: Profile): string {
  if (plan.type === "victims" || refused.nodes === 0) return refusalWords(refused);
  if (endsBeforeDevices(refused, profile)) return `${refusalWords(refused)} not found`;
  const tried = [
    ...(profile.deviceTimeoutMs === undefined ? [] : ["no new claims to deallocate"]),
    ...(plan.words ? [`preemption: ${plan.words}`] : []),
  ];
  return [refusalWords(refused), tried.join(", ")].join(" ").trimEnd();
}

/** Notes the promise here; returns what the pod's status must say of it. */
function promise(plan: Preemption, pod: PodFacts, { state: { cluster: { nominations } } }: Term) {
  if (plan.type === "victims") {
    nominations.set(pod, plan.node);
    return plan.node;
  }
  // Without the promised room there is nothing left to promise.
  if (plan.type === "hopeless") {
    nominations.remove(pod.uid);
    return null;
  }
}
