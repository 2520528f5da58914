/**
 * From the number of replicas that the metrics ask for to the one that is set now. Pure; times are milliseconds.
 *
 * Laws: the result lies between `minReplicas` and `maxReplicas` and between `current` and what was asked for or, within
 * its window, has been asked for; no policy's speed is exceeded; without a change of speed or memory it is what was asked.
 *
 * Source: autoscaling/v2 `behavior` (https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/
 * #configurable-scaling-behavior).
 */
import type { IHPAScalingRules } from "kubernetes-models/autoscaling/v2/HPAScalingRules";
import type { IHorizontalPodAutoscalerSpec } from "kubernetes-models/autoscaling/v2/HorizontalPodAutoscalerSpec";
import type { Condition } from "../objects/conditions.ts";

const defaultDownWindowSeconds = 300;
/** How fast it grows where no behavior is given: to the double, or to this many. */
const freeGrowth = 4;

/** A number of replicas that was wanted at a time, or by how many replicas they changed then. */
export interface Mark {
  readonly at: number;
  readonly replicas: number;
}

/** What the loop remembers of one autoscaler; it need not survive the process. */
export interface Memory {
  readonly wanted: readonly Mark[];
  readonly ups: readonly Mark[];
  readonly downs: readonly Mark[];
}

export const noMemory: Memory = { wanted: [], ups: [], downs: [] };

export interface ScaleWorld {
  readonly spec: IHorizontalPodAutoscalerSpec;
  readonly current: number;
  readonly wanted: number;
  readonly memory: Memory;
  readonly now: number;
}

export interface Decision {
  readonly replicas: number;
  readonly conditions: readonly Condition[];
}

interface Limit {
  readonly replicas: number;
  readonly reason: string;
  readonly message: string;
}

export function decide(world: ScaleWorld): Decision {
  const steady = stabilized(world);
  const limit = steady > world.current ? highest(world) : lowest(world);
  const beyond = steady > world.current ? steady > limit.replicas : steady < limit.replicas;
  const replicas = beyond ? limit.replicas : steady;
  return { replicas, conditions: [steadiness(world.wanted, steady), limitation(beyond ? limit : undefined)] };
}

/** Shrinks only to the most, and grows only to the least that was wanted within the window. */
function stabilized({ spec, current, wanted, memory, now }: ScaleWorld): number {
  const { scaleUp, scaleDown } = spec.behavior ?? {};
  const within = (seconds: number) => [
    wanted,
    ...memory.wanted.filter(({ at }) => at > now - seconds * 1000).map(({ replicas }) => replicas),
  ];
  const least = Math.min(...within(scaleUp?.stabilizationWindowSeconds ?? 0));
  const most = Math.max(...within(scaleDown?.stabilizationWindowSeconds ?? defaultDownWindowSeconds));
  return Math.min(Math.max(current, least), most);
}

function highest({ spec, current, memory, now }: ScaleWorld): Limit {
  const rules = spec.behavior?.scaleUp;
  const speed = rules ? fastestUp(rules, { current, memory, now }) : Math.max(2 * current, freeGrowth);
  if (spec.maxReplicas <= speed) {
    const message = "the desired replica count is more than the maximum replica count";
    return { replicas: spec.maxReplicas, reason: "TooManyReplicas", message };
  }
  const message = "the desired replica count is increasing faster than the maximum scale rate";
  return { replicas: speed, reason: "ScaleUpLimit", message };
}

function lowest({ spec, current, memory, now }: ScaleWorld): Limit {
  const { minReplicas = 1, behavior } = spec;
  const speed = behavior?.scaleDown ? fastestDown(behavior.scaleDown, { current, memory, now }) : minReplicas;
  if (minReplicas >= speed) {
    const message = "the desired replica count is less than the minimum replica count";
    return { replicas: minReplicas, reason: "TooFewReplicas", message };
  }
  const message = "the desired replica count is decreasing faster than the maximum scale rate";
  return { replicas: speed, reason: "ScaleDownLimit", message };
}

type Past = Pick<ScaleWorld, "current" | "memory" | "now">;

/** The policy that allows the largest (`Max`) or the smallest (`Min`) change says how far. */
function fastestUp({ selectPolicy, policies = [] }: IHPAScalingRules, past: Past): number {
  if (selectPolicy === "Disabled") return past.current;
  const choose = selectPolicy === "Min" ? Math.min : Math.max;
  const reachable = policies.map(({ type, value, periodSeconds }) => {
    const start = replicasBefore(periodSeconds, past);
    return type === "Pods" ? start + value : Math.ceil(start * (100 + value) / 100);
  });
  return Math.max(past.current, choose(...reachable));
}

function fastestDown({ selectPolicy, policies = [] }: IHPAScalingRules, past: Past): number {
  if (selectPolicy === "Disabled") return past.current;
  const choose = selectPolicy === "Min" ? Math.max : Math.min;
  const reachable = policies.map(({ type, value, periodSeconds }) => {
    const start = replicasBefore(periodSeconds, past);
    return type === "Pods" ? start - value : Math.floor(start * (100 - value) / 100);
  });
  return Math.min(past.current, choose(...reachable));
}

/** How many there were when the period began. */
function replicasBefore(periodSeconds: number, { current, memory, now }: Past): number {
  const changed = (marks: readonly Mark[]) =>
    marks.filter(({ at }) => at > now - periodSeconds * 1000).reduce((sum, { replicas }) => sum + replicas, 0);
  return current - changed(memory.ups) + changed(memory.downs);
}

function steadiness(wanted: number, steady: number): Condition {
  const [reason, message] = steady === wanted
    ? ["ReadyForNewScale", "recommended size matches current size"]
    : steady > wanted
    ? [
      "ScaleDownStabilized",
      "recent recommendations were higher than current one, applying the highest recent recommendation",
    ]
    : [
      "ScaleUpStabilized",
      "recent recommendations were lower than current one, applying the lowest recent recommendation",
    ];
  return { type: "AbleToScale", status: "True", reason, message };
}

function limitation(limit: Limit | undefined): Condition {
  if (limit) return { type: "ScalingLimited", status: "True", reason: limit.reason, message: limit.message };
  const message = "the desired count is within the acceptable range";
  return { type: "ScalingLimited", status: "False", reason: "DesiredWithinRange", message };
}

/** The memory after a look; what no window or period reaches any more is forgotten. */
export function remembered({ spec, current, wanted, memory, now }: ScaleWorld, replicas = current): Memory {
  const { scaleUp, scaleDown } = spec.behavior ?? {};
  const windows = [scaleUp?.stabilizationWindowSeconds ?? 0, scaleDown?.stabilizationWindowSeconds ?? 300];
  const kept = (marks: readonly Mark[], seconds: number) => marks.filter(({ at }) => at > now - seconds * 1000);
  const period = Math.max(
    0,
    ...[scaleUp, scaleDown].flatMap((rules) => rules?.policies ?? []).map((policy) => policy.periodSeconds),
  );
  const change = (by: number) => by > 0 ? [{ at: now, replicas: by }] : [];
  return {
    wanted: [...kept(memory.wanted, Math.max(...windows)), { at: now, replicas: wanted }],
    ups: [...kept(memory.ups, period), ...change(replicas - current)],
    downs: [...kept(memory.downs, period), ...change(current - replicas)],
  };
}
