/**
 * Who would have to go from one node so that a pod fits: as few as possible, the least important first, and those that a
 * PodDisruptionBudget protects only when nobody else will do. Pure: the cluster is the same afterwards.
 */
import type { IPodDisruptionBudget } from "kubernetes-models/policy/v1/PodDisruptionBudget";
import { compileLabelSelector, type Stored } from "../../runtime/schema/mod.ts";
import type { Cluster } from "./cluster.ts";
import { fitting } from "./fitting.ts";
import type { NodeState } from "./node_state.ts";
import type { PodFacts } from "./pod_facts.ts";
import type { Profile } from "./profile.ts";

export type Budget = Stored<IPodDisruptionBudget>;

/** What one preemption looks at. */
export interface Scene {
  readonly pod: PodFacts;
  readonly cluster: Cluster;
  readonly profile: Profile;
  readonly budgets: readonly Budget[];
}

export interface Victims {
  /** Most important first. */
  readonly pods: readonly PodFacts[];
  /** How many of them a budget protects. */
  readonly violations: number;
}

export const nobodyToTake = "No preemption victims found for incoming pod";

/** Reasons, where the pod would not fit even without everybody who may be taken. */
export function victimsOn(node: NodeState, scene: Scene): Victims | readonly string[] {
  const { pod, cluster, profile } = scene;
  const lower = [...node.pods()].filter(({ priority }) => priority < pod.priority).sort(byImportance);
  if (lower.length === 0) return [nobodyToTake];
  const refusal = () => fitting(pod, cluster, profile)(node);
  const lifted = new Map(lower.map((victim) => [victim, cluster.lift(victim.uid)]));
  try {
    const stillRefused = refusal();
    if (stillRefused) return stillRefused.reasons;
    const victims = spare(lower, { lifted, scene, fits: () => !refusal() });
    // Something else than room is missing, which an extender knows.
    return victims.pods.length > 0 ? victims : [nobodyToTake];
  } finally {
    for (const back of lifted.values()) back();
  }
}

interface Lifted {
  /** Those who are away at the moment, and how they come back. */
  readonly lifted: Map<PodFacts, () => void>;
  readonly scene: Scene;
  readonly fits: () => boolean;
}

/** Puts back whom the pod leaves room for, the protected first. */
function spare(lower: readonly PodFacts[], { lifted, scene, fits }: Lifted): Victims {
  const guarded = protectedPods(lower, scene.budgets);
  const open = lower.filter((victim) => !guarded.has(victim));
  let violations = 0;
  for (const victim of [...guarded, ...open]) {
    lifted.get(victim)!();
    if (fits()) lifted.delete(victim);
    else {
      lifted.set(victim, scene.cluster.lift(victim.uid));
      if (guarded.has(victim)) violations++;
    }
  }
  return { pods: lower.filter((victim) => lifted.has(victim)), violations };
}

/** Those whose going, together with the more important ones before them, a budget does not allow. */
function protectedPods(lower: readonly PodFacts[], budgets: readonly Budget[]): Set<PodFacts> {
  const rules = budgets.map(({ metadata, spec, status }) => ({
    namespace: metadata.namespace,
    selects: compileLabelSelector(spec?.selector),
    allowed: status?.disruptionsAllowed ?? 0,
    going: new Set(Object.keys(status?.disruptedPods ?? {})),
  }));
  const guarded = new Set<PodFacts>();
  for (const pod of lower) {
    const name = pod.key.slice(pod.namespace.length + 1);
    for (const rule of rules) {
      // Labels may be none: then nothing guards the pod, whatever the selector.
      if (rule.namespace !== pod.namespace || Object.keys(pod.labels).length === 0) continue;
      if (!rule.selects(pod.labels) || rule.going.has(name)) continue;
      if (--rule.allowed < 0) guarded.add(pod);
    }
  }
  return guarded;
}

/** Higher priority first; among equals who has run for longer. */
function byImportance(a: PodFacts, b: PodFacts): number {
  return b.priority - a.priority || startOf(a).localeCompare(startOf(b));
}

/** Who has not started yet started last. */
export function startOf({ started }: PodFacts): string {
  return started ?? "9999";
}
