/**
 * The scheduler: a controller whose keys are pods without a node.
 *
 * Choosing is pure and takes no time between reading and deciding, so decisions never overlap; binding goes over the
 * wire, and many are under way at once. A chosen pod counts on its node from the moment of choice; one that fits nowhere
 * may have less important pods removed, and is promised their room.
 */
import type { IPod } from "kubernetes-models/v1/Pod";
import { type Controller, done, type LoopContext, type Outcome, reads } from "../../runtime/loop/mod.ts";
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
import { placePod } from "./place_pod.ts";
import { tellUnscheduled } from "./pod_condition.ts";
import { podFacts } from "./pod_facts.ts";
import { refuse } from "./refuse.ts";
import { reserveClaims } from "./reserve_claims.ts";
import { schedulerState, type Term } from "./scheduler_state.ts";

export type SchedulerOptions = Pick<SchedulerConfiguration, "profiles" | "backOff">;

/** Bindings that are under way at once. */
const bindings = 64;

const gatedMessage = "Scheduling is blocked due to non-empty scheduling gates";

export function scheduler({ profiles, backOff }: SchedulerOptions = defaultConfiguration): Controller {
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
      return await schedule(key, pod, { state, profile, context });
    },
  };
}

async function schedule(key: Key, pod: Stored<IPod>, term: Term): Promise<Outcome> {
  const { state, profile, context } = term;
  const { cluster, waiting } = state;
  const facts = podFacts(pod);
  const first = cluster.nominations.nodeOf(facts.uid);
  const placement = placePod(facts, cluster, profile, { random: context.random, from: state.from, first });
  if (placement.type === "refused") return await refuse({ object: pod, facts, refused: placement }, term);
  state.from = (state.from + placement.looked) % cluster.nodes.length;
  cluster.assume(facts, placement.node);
  try {
    const chosen = { pod: facts, node: placement.node, profile };
    await reserveClaims(chosen, cluster, context);
    await bindVolumes(chosen, cluster, context);
    await bind(pod, chosen, context);
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

async function bind(
  pod: Stored<IPod>,
  { pod: { key, uid }, node, profile }: Chosen,
  context: LoopContext,
): Promise<void> {
  const { name, namespace } = refOf(key);
  const binding: KubeObject = {
    apiVersion: "v1",
    kind: "Binding",
    metadata: { name, namespace, uid },
    target: { apiVersion: "v1", kind: "Node", name: node },
  };
  await context.client.post(Pod, { name, namespace }, "binding", binding);
  context.recorder.event(pod, "Normal", "Scheduled", `Successfully assigned ${key} to ${node}`, {
    component: profile.schedulerName,
  });
}
