/**
 * The scheduler: a controller whose keys are pods without a node.
 *
 * Choosing is pure and takes no time between reading and deciding, so decisions never overlap; binding goes over the
 * wire, and many are under way at once. A chosen pod counts on its node from the moment of choice; one that fits nowhere
 * may have less important pods removed, and is promised their room.
 */
import type { IPod } from "kubernetes-models/v1/Pod";
import { type Controller, done, type Outcome, reads, requeueAfter } from "../../runtime/loop/mod.ts";
import {
  isReason,
  type Key,
  type KubeObject,
  Pod,
  PodDisruptionBudget,
  refOf,
  type Stored,
} from "../../runtime/schema/mod.ts";
import { bindVolumes, type Chosen } from "./bind_volumes.ts";
import { defaultConfiguration, type SchedulerConfiguration } from "./configuration/configuration.ts";
import { clusterSource } from "./cluster_source.ts";
import { isGated, profileFor } from "./pending_pod.ts";
import { bindBy, type Extender, isInterested } from "./extenders/extender.ts";
import { placeExtended } from "./extenders/place_extended.ts";
import { type Placement, placePod } from "./place_pod.ts";
import { tellUnscheduled } from "./pod_condition.ts";
import { type PodFacts, podFacts } from "./pod_facts.ts";
import { refuse } from "./refuse.ts";
import { reserveClaims } from "./reserve_claims.ts";
import { schedulerState, type Term } from "./scheduler_state.ts";

export interface SchedulerOptions extends Pick<SchedulerConfiguration, "profiles" | "backOff"> {
  /** Programs outside that have a say. */
  readonly extenders?: readonly Extender[];
}

/** Bindings that are under way at once. */
const bindings = 64;

const gatedMessage = "Scheduling is blocked due to non-empty scheduling gates";

const defaultOptions: SchedulerOptions = { ...defaultConfiguration, extenders: [] };

export function scheduler({ profiles, backOff, extenders = [] }: SchedulerOptions = defaultOptions): Controller {
  let state = schedulerState(backOff);
  return {
    name: "scheduler",
    kind: Pod,
    eventSource: { component: profiles[0]!.schedulerName },
    workers: bindings,
    sources: [reads(PodDisruptionBudget), clusterSource(() => state, profiles)],
    start() {
      state = schedulerState(backOff);
    },
    async reconcile(key, context) {
      const pod = context.informers.of(Pod).get(key);
      const profile = pod && profileFor(pod, profiles);
      if (!profile || state.cluster.nodeOf(pod.metadata.uid)) return done;
      if (isGated(pod)) {
        await tellUnscheduled(pod, { reason: "SchedulingGated", message: gatedMessage }, context);
        return done;
      }
      return await schedule(key, pod, { state, profile, extenders, context });
    },
  };
}

async function schedule(key: Key, pod: Stored<IPod>, term: Term): Promise<Outcome> {
  const { state, profile, context } = term;
  const { cluster, waiting } = state;
  const facts = podFacts(pod);
  const first = cluster.nominations.nodeOf(facts.uid);
  const seen = waiting.happenings;
  const placing = place(pod, facts, term);
  // Not awaited without need: nothing may come between deciding and assuming.
  const placement = placing instanceof Promise ? await placing : placing;
  if (placement.type === "refused") {
    const outcome = await refuse({ object: pod, facts, refused: placement }, term);
    const missed = placing instanceof Promise && waiting.happenings !== seen;
    return missed ? requeueAfter(waiting.pauseMs(key, context.clock.now())) : outcome;
  }
  state.from = (state.from + placement.looked) % cluster.nodes.length;
  cluster.assume(facts, placement.node);
  try {
    const chosen = { pod: facts, node: placement.node, profile };
    await reserveClaims(chosen, cluster, context);
    await bindVolumes(chosen, cluster, context);
    await bind(pod, chosen, term);
  } catch (error) {
    cluster.forget(facts.uid);
    if (first !== undefined) cluster.nominations.set(facts, first);
    // Gone, or bound by somebody else: the watch says which.
    if (isReason(error, "NotFound")) return done;
    throw error;
  }
  waiting.leave(key);
  return done;
}

/** At once, where nobody outside has a say: then decisions never overlap. */
function place(pod: Stored<IPod>, facts: PodFacts, term: Term): Placement | Promise<Placement> {
  const { state: { cluster, from }, profile, extenders, context } = term;
  const options = { random: context.random, from, first: cluster.nominations.nodeOf(facts.uid) };
  const interested = extenders.filter((extender) => isInterested(extender, pod));
  const fail = (error: Error) => tellFailure(pod, error, term);
  if (interested.length > 0) {
    const asking = { pod, extenders: interested, log: context.log };
    return placeExtended(facts, term, { ...options, asking }).catch(fail);
  }
  try {
    return placePod(facts, cluster, profile, options);
  } catch (error) {
    return fail(error as Error);
  }
}

/** Nothing is known of the pod's chances: it is tried again, and whoever asks is told why. */
async function tellFailure(pod: Stored<IPod>, error: Error, { profile, context }: Term): Promise<never> {
  const { message } = error;
  context.recorder.event(pod, "Warning", "FailedScheduling", message, { component: profile.schedulerName });
  await tellUnscheduled(pod, { reason: "SchedulerError", message }, context);
  throw error;
}

async function bind(
  pod: Stored<IPod>,
  { pod: { key, uid }, node, profile }: Chosen,
  { extenders, context }: Term,
): Promise<void> {
  const { name, namespace } = refOf(key);
  const binding: KubeObject = {
    apiVersion: "v1",
    kind: "Binding",
    metadata: { name, namespace, uid },
    target: { apiVersion: "v1", kind: "Node", name: node },
  };
  const binder = extenders.find((extender) => extender.settings.bindVerb && isInterested(extender, pod));
  if (binder) await bindBy(binder, pod, node);
  else await context.client.post(Pod, { name, namespace }, "binding", binding);
  context.recorder.event(pod, "Normal", "Scheduled", `Successfully assigned ${key} to ${node}`, {
    component: profile.schedulerName,
  });
}
