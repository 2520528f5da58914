/**
 * Which nodes should run a DaemonSet's pod, and what to make and delete there. Pure.
 *
 * Laws: one pod a node at most, but for the moment of a surge; a node that no longer fits loses its pod; while an update
 * rolls, no more nodes than maxUnavailable are without an available pod by the plan's doing.
 *
 * Source: DaemonSet (https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/).
 */
import type { IDaemonSetSpec } from "kubernetes-models/apps/v1/DaemonSetSpec";
import type { IPodTemplateSpec } from "kubernetes-models/v1/PodTemplateSpec";
import type { ITaint } from "kubernetes-models/v1/Taint";
import type { IToleration } from "kubernetes-models/v1/Toleration";
import { resolveCount } from "../deployment/rollout.ts";
import type { NodeObject } from "../node_lifecycle/health_plan.ts";
import { isAvailable, isFinished, isGoing, type PodObject } from "../objects/pod_state.ts";
import { tolerates } from "../taint_eviction/plan.ts";

/** Daemons stay where others must leave. */
export const daemonTolerations: readonly IToleration[] = [
  { key: "node.kubernetes.io/not-ready", operator: "Exists", effect: "NoExecute" },
  { key: "node.kubernetes.io/unreachable", operator: "Exists", effect: "NoExecute" },
  { key: "node.kubernetes.io/disk-pressure", operator: "Exists", effect: "NoSchedule" },
  { key: "node.kubernetes.io/memory-pressure", operator: "Exists", effect: "NoSchedule" },
  { key: "node.kubernetes.io/pid-pressure", operator: "Exists", effect: "NoSchedule" },
  { key: "node.kubernetes.io/unschedulable", operator: "Exists", effect: "NoSchedule" },
];

const hostNetworkToleration: IToleration = {
  key: "node.kubernetes.io/network-unavailable",
  operator: "Exists",
  effect: "NoSchedule",
};

export function tolerationsOf({ spec }: IPodTemplateSpec): IToleration[] {
  const added = spec?.hostNetwork ? [...daemonTolerations, hostNetworkToleration] : daemonTolerations;
  const own = spec?.tolerations ?? [];
  return [...own, ...added.filter(({ key, effect }) => !own.some((one) => one.key === key && one.effect === effect))];
}

export interface Placement {
  /** A new pod belongs there. */
  readonly run: boolean;
  /** A pod that is there may stay. */
  readonly stay: boolean;
}

/** `fits`: the node matches the template's node selector and required affinity. */
export function placementOn(node: NodeObject, template: IPodTemplateSpec, fits: boolean): Placement {
  const named = template.spec?.nodeName;
  if (!fits || (named !== undefined && named !== node.metadata.name)) return { run: false, stay: false };
  const tolerations = tolerationsOf(template);
  const repelled = (effects: readonly string[]) =>
    (node.spec?.taints ?? []).some((taint: ITaint) =>
      effects.includes(taint.effect) && !tolerations.some((toleration) => tolerates(toleration, taint))
    );
  return { run: !repelled(["NoSchedule", "NoExecute"]), stay: !repelled(["NoExecute"]) };
}

export interface DaemonWorld {
  readonly spec: IDaemonSetSpec;
  readonly placements: ReadonlyMap<string, Placement>;
  /** Node to the set's pods there, finished and going ones included. */
  readonly pods: ReadonlyMap<string, readonly PodObject[]>;
  readonly isCurrent: (pod: PodObject) => boolean;
  readonly now: number;
}

export interface DaemonPlan {
  /** Names of nodes. */
  readonly create: readonly string[];
  readonly remove: readonly PodObject[];
}

export interface DaemonStep extends DaemonPlan {
  /** Pods that have ended and make way for new ones, with the names of their nodes. */
  readonly ended: readonly (readonly [node: string, pod: PodObject])[];
}

export function planDaemons(world: DaemonWorld): DaemonStep {
  const create: string[] = [], remove: PodObject[] = [], ended: [string, PodObject][] = [];
  for (const [node, all] of world.pods) {
    if (!world.placements.get(node)?.stay) remove.push(...all.filter((pod) => !isGoing(pod)));
  }
  for (const [node, { run, stay }] of world.placements) {
    if (!stay) continue;
    const all = (world.pods.get(node) ?? []).filter((pod) => !isFinished(pod) || !isGoing(pod));
    ended.push(...all.filter(isFinished).map((pod): [string, PodObject] => [node, pod]));
    const [, ...spare] = oldestFirst(all.filter((pod) => !isFinished(pod) && !isGoing(pod)));
    remove.push(...spare.filter((pod) => !isSurge(pod, all, world)));
    // What goes or has failed is waited for: a name, a port or a disk may still be taken.
    if (run && all.length === 0) create.push(node);
  }
  const update = planUpdate(world, new Set(remove));
  return { create: [...create, ...update.create], remove: [...remove, ...update.remove], ended };
}

function oldestFirst(pods: readonly PodObject[]): PodObject[] {
  return [...pods].sort((a, b) => (a.metadata.creationTimestamp < b.metadata.creationTimestamp ? -1 : 1));
}

/** A new pod beside an old one is meant, while surging. */
function isSurge(pod: PodObject, all: readonly PodObject[], world: DaemonWorld): boolean {
  const { maxSurge } = limitsOf(world);
  return maxSurge > 0 && world.isCurrent(pod) && all.some((other) => other !== pod && !world.isCurrent(other));
}

function limitsOf({ spec, placements }: DaemonWorld) {
  const desired = [...placements.values()].filter(({ run }) => run).length;
  const { maxUnavailable = 1, maxSurge = 0 } = spec.updateStrategy?.rollingUpdate ?? {};
  const surge = resolveCount(maxSurge, desired, "up");
  const unavailable = resolveCount(maxUnavailable, desired, "up");
  return { maxSurge: surge, maxUnavailable: surge === 0 && unavailable === 0 ? 1 : unavailable };
}

function planUpdate(world: DaemonWorld, removed: ReadonlySet<PodObject>): DaemonPlan {
  if (world.spec.updateStrategy?.type === "OnDelete") return { create: [], remove: [] };
  const { maxSurge, maxUnavailable } = limitsOf(world);
  const available = (pod: PodObject) => isAvailable(pod, world.spec.minReadySeconds ?? 0, world.now);
  const create: string[] = [], free: PodObject[] = [], costly: PodObject[] = [];
  let unavailable = 0, surging = 0;
  for (const [node, { run }] of world.placements) {
    if (!run) continue;
    const alive = (world.pods.get(node) ?? []).filter((pod) => {
      return !isGoing(pod) && !isFinished(pod) && !removed.has(pod);
    });
    if (!alive.some(available)) unavailable++;
    const old = alive.find((pod) => !world.isCurrent(pod));
    const fresh = alive.find(world.isCurrent);
    if (old && fresh) surging++;
    if (!old) continue;
    const loses = fresh ? !available(fresh) : available(old);
    if (!loses) free.push(old);
    else if (maxSurge === 0 && !fresh) costly.push(old);
    else if (maxSurge > surging + create.length && !fresh) create.push(node);
  }
  return { create, remove: [...free, ...costly.slice(0, Math.max(0, maxUnavailable - unavailable))] };
}
