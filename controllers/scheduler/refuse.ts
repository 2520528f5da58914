/** What happens to a pod that fits nowhere: others make room for it, or it waits; its status and an Event say why. */
import type { IPod } from "kubernetes-models/v1/Pod";
import { type Outcome, requeueAfter } from "../../runtime/loop/mod.ts";
import { Pod, PodDisruptionBudget, type Stored } from "../../runtime/schema/mod.ts";
import { agreed } from "./extenders/ask_extenders.ts";
import { isInterested } from "./extenders/extender.ts";
import type { Refused } from "./place_pod.ts";
import { tellUnscheduled } from "./pod_condition.ts";
import type { PodFacts } from "./pod_facts.ts";
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
  const budgets = context.informers.of(PodDisruptionBudget).list();
  const found = findCandidates({ pod: facts, cluster, profile, budgets }, refused, { from });
  const deciding = "candidates" in found ? decide(object, found, term) : found;
  const plan = deciding instanceof Promise ? await deciding : deciding;
  waiting.enter(facts, new Set(refused.refusedBy.values()), context.clock.now());
  const message = words(refused, plan);
  const { schedulerName } = profile;
  context.recorder.event(object, "Warning", "FailedScheduling", message, { component: schedulerName });
  const nominatedNode = promise(plan, facts, term);
  if (plan.type !== "victims") {
    await tellUnscheduled(object, { reason: "Unschedulable", message, nominatedNode }, context);
    return requeueAfter(lastResortMs);
  }
  const { node, victims } = plan;
  const displaced = cluster.nominations.below(facts, node);
  for (const { uid } of displaced) cluster.nominations.remove(uid);
  await tellUnscheduled(object, { reason: "Unschedulable", message, nominatedNode }, context);
  await preempt({ pod: facts, node, victims, displaced, schedulerName }, context);
  return requeueAfter(lastResortMs);
}

/** Extenders may forbid a preemption, or spare somebody. */
function decide(pod: Stored<IPod>, found: Candidates, { extenders, context }: Term): Preemption | Promise<Preemption> {
  const interested = extenders.filter((extender) => isInterested(extender, pod));
  if (interested.length === 0) return leastHarmful(found.candidates, found);
  const asking = { pod, extenders: interested, log: context.log };
  return agreed(found.candidates, asking, (key) => context.informers.of(Pod).get(key))
    .then((left) => leastHarmful(left, found));
}

function words(refused: Refused, plan: Preemption): string {
  return plan.type !== "victims" && plan.words && refused.nodes > 0
    ? `${refusalWords(refused)} preemption: ${plan.words}`
    : refusalWords(refused);
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
