/**
 * HorizontalPodAutoscaler: every quarter of a minute the metrics are asked how many replicas they want, and the target's
 * scale follows as fast as the behavior allows. What it remembers (windows, speeds) is in memory: after a restart the
 * present number counts as recommended.
 *
 * Source: autoscaling/v2 (https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/).
 */
import type { IHorizontalPodAutoscaler } from "kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler";
import type { IHorizontalPodAutoscalerStatus } from "kubernetes-models/autoscaling/v2/HorizontalPodAutoscalerStatus";
import {
  type Controller,
  controller,
  done,
  type LoopContext,
  type Outcome,
  reads,
  requeueAfter,
  sameJson,
  type Scope,
} from "../runtime/loop/mod.ts";
import {
  HorizontalPodAutoscaler,
  isReason,
  type Key,
  keyOf,
  milliOf,
  parseLabelSelector,
  Pod,
  refOf,
  type Stored,
} from "../runtime/schema/mod.ts";
import { type Condition, timestamp, withCondition } from "./objects/conditions.ts";
import { MetricError, type Proposal, propose } from "./horizontal_pod_autoscaler/metrics.ts";
import { decide, type Memory, noMemory, remembered } from "./horizontal_pod_autoscaler/plan.ts";
import type { Tolerance } from "./horizontal_pod_autoscaler/ratio.ts";
import { type FigureSource, figureSource } from "./horizontal_pod_autoscaler/sources.ts";
import { isGoing, type PodObject } from "./objects/pod_state.ts";
import { about, messageOf } from "./objects/pod_template.ts";
import type { ScaleObject } from "./objects/scale_target.ts";

type Autoscaler = Stored<IHorizontalPodAutoscaler>;
type AutoscalerScope = Scope<IHorizontalPodAutoscaler>;
type Conditions = readonly Condition[];

const lookEveryMs = 15_000;
const defaultTolerance = 0.1;

/** What it did, told once a look. */
interface Look {
  readonly conditions: Conditions;
  readonly currentReplicas?: number;
  readonly desiredReplicas?: number;
  readonly scaled?: boolean;
  readonly currentMetrics?: IHorizontalPodAutoscalerStatus["currentMetrics"];
}

interface Remembered {
  readonly memory: Memory;
  readonly lookedAt: number;
  /** As it was looked at. */
  readonly spec: Autoscaler["spec"];
}

export function horizontalPodAutoscalers(): Controller {
  const known = new Map<Key, Remembered>();
  /** Of each autoscaler the label selector of what it scales. */
  const selectors = new Map<Key, string>();
  return controller(HorizontalPodAutoscaler, {
    name: "horizontal-pod-autoscaler",
    eventSource: { component: "horizontal-pod-autoscaler" },
    watches: [reads(Pod)],
    start() {
      known.clear();
      selectors.clear();
    },
    async reconcile(key, scope): Promise<Outcome> {
      const autoscaler = scope.read(key);
      if (!autoscaler?.spec || isGoing(autoscaler)) {
        known.delete(key);
        selectors.delete(key);
        return done;
      }
      const before = known.get(key);
      const now = scope.clock.now();
      const { spec } = autoscaler;
      const rest = before && sameJson(before.spec, spec) ? before.lookedAt + lookEveryMs - now : 0;
      // Its own status makes it due at once; the world that it asks changes no faster than it looks.
      if (rest > 0) return requeueAfter(rest);
      const { look, memory } = await lookAt(autoscaler, { memory: before?.memory, selectors }, scope);
      known.set(key, { memory, lookedAt: now, spec });
      await scope.status(autoscaler, statusOf(autoscaler, look, now));
      return requeueAfter(lookEveryMs);
    },
  });
}

function statusOf({ status, metadata }: Autoscaler, look: Look, now: number): IHorizontalPodAutoscalerStatus {
  let conditions: Condition[] = [...(status?.conditions ?? [])];
  for (const condition of look.conditions) conditions = withCondition(conditions, condition, { now: timestamp(now) });
  const lastScaleTime = look.scaled ? timestamp(now) : status?.lastScaleTime;
  const currentMetrics = look.currentMetrics ?? status?.currentMetrics;
  return {
    ...(metadata.generation === undefined ? {} : { observedGeneration: metadata.generation }),
    ...(lastScaleTime ? { lastScaleTime } : {}),
    currentReplicas: look.currentReplicas ?? status?.currentReplicas ?? 0,
    desiredReplicas: look.desiredReplicas ?? status?.desiredReplicas ?? 0,
    ...(currentMetrics ? { currentMetrics } : {}),
    conditions: conditions.sort((a, b) => a.type < b.type ? -1 : 1) as IHorizontalPodAutoscalerStatus["conditions"],
  };
}

interface Past {
  readonly memory?: Memory;
  readonly selectors: Map<Key, string>;
}

async function lookAt(autoscaler: Autoscaler, { memory, selectors }: Past, scope: AutoscalerScope) {
  const figures = figureSource(scope.client.raw.bind(scope.client), autoscaler.metadata.namespace!);
  const target = autoscaler.spec!.scaleTargetRef;
  let scale: ScaleObject;
  try {
    scale = await figures.scale(target);
  } catch (error) {
    tell(scope, autoscaler, "Warning", "FailedGetScale", messageOf(error));
    const message = `the HPA controller was unable to get the target's current scale: ${messageOf(error)}`;
    return { look: { conditions: [unable("FailedGetScale", message)] }, memory: memory ?? noMemory };
  }
  const current = scale.spec?.replicas ?? 0;
  const found = able("SucceededGetScale", "the HPA controller was able to get the target's current scale");
  const begun = memory ?? { ...noMemory, wanted: [{ at: scope.clock.now(), replicas: current }] };
  const wish = await wishOf(autoscaler, { scale, figures, memory: begun, selectors }, scope);
  const conditions = [found, ...wish.conditions];
  if (wish.replicas === undefined || wish.replicas === current) {
    const desired = wish.replicas === undefined ? undefined : current;
    const look = { conditions, ...figuresOf(wish, scale), desiredReplicas: desired };
    return { look, memory: wish.memory(current) };
  }
  const change = await rescale(autoscaler, { scale, figures, wish: { ...wish, replicas: wish.replicas } }, scope);
  const look = {
    ...{ ...figuresOf(wish, scale), desiredReplicas: change.done ? wish.replicas : current },
    ...{ conditions: [...conditions, change.condition], scaled: change.done },
  };
  return { look, memory: wish.memory(change.done ? wish.replicas : current) };
}

function figuresOf({ metrics }: Wish, { status }: ScaleObject): Pick<Look, "currentReplicas" | "currentMetrics"> {
  return { currentReplicas: status?.replicas ?? 0, currentMetrics: metrics };
}

/** How many there should be, and why. */
interface Wish {
  /** Absent: nobody can tell. */
  readonly replicas?: number;
  readonly why: string;
  readonly conditions: Conditions;
  readonly metrics?: Look["currentMetrics"];
  /** What to keep in mind once there are so many. */
  memory(replicas: number): Memory;
}

interface Known {
  readonly scale: ScaleObject;
  readonly figures: FigureSource;
  readonly memory: Memory;
  readonly selectors: Map<Key, string>;
}

async function wishOf(autoscaler: Autoscaler, known: Known, scope: AutoscalerScope): Promise<Wish> {
  const { minReplicas = 1, maxReplicas } = autoscaler.spec!;
  const current = known.scale.spec?.replicas ?? 0;
  const plain = { conditions: [], memory: () => known.memory };
  if (current === 0 && minReplicas !== 0) {
    const message = "scaling is disabled since the replica count of the target is zero";
    return { ...plain, replicas: 0, why: "", conditions: [inactive("ScalingDisabled", message)] };
  }
  if (current > maxReplicas) {
    return { ...plain, replicas: maxReplicas, why: "Current number of replicas above Spec.MaxReplicas" };
  }
  if (current < minReplicas) {
    return { ...plain, replicas: minReplicas, why: "Current number of replicas below Spec.MinReplicas" };
  }
  const asked = await ask(autoscaler, known, scope);
  if (!asked.best) return { ...plain, ...asked, why: "" };
  const { replicas: wanted, name } = asked.best;
  const world = { spec: autoscaler.spec!, current, wanted, memory: known.memory, now: scope.clock.now() };
  const { replicas, conditions } = decide(world);
  return {
    replicas,
    why: wanted > current ? `${name} above target` : "All metrics below target",
    conditions: [...asked.conditions, ...conditions],
    metrics: asked.metrics,
    memory: (replicas) => remembered(world, replicas),
  };
}

interface Asked {
  readonly best?: Proposal;
  readonly conditions: Conditions;
  readonly metrics?: Look["currentMetrics"];
}

/** The metric that wants most decides; where one cannot be read, only growing is safe. */
async function ask(
  autoscaler: Autoscaler,
  { scale, figures, selectors }: Known,
  scope: AutoscalerScope,
): Promise<Asked> {
  const selector = scale.status?.selector;
  if (!selector) return refused(autoscaler, scope, "InvalidSelector", "the HPA target's scale is missing a selector");
  const { namespace } = autoscaler.metadata;
  const matches = parseLabelSelector(selector);
  const pods = scope.informers.of(Pod).list(namespace).filter(({ metadata }) => matches(metadata.labels));
  selectors.set(keyOf(autoscaler), selector);
  const scalers = scalersOf(pods, namespace!, selectors);
  if (scalers.length > 1) {
    const message = `pods by selector ${selector} are controlled by multiple HPAs: [${scalers.join(" ")}]`;
    return refused(autoscaler, scope, "AmbiguousSelector", message);
  }
  const current = scale.spec?.replicas ?? 0;
  const counts = { current, counted: scale.status?.replicas ?? 0, tolerance: toleranceOf(autoscaler) };
  const world = { namespace: namespace!, figures, selector, pods, ...counts, now: scope.clock.now() };
  const metrics = autoscaler.spec!.metrics ?? [];
  const asked = await Promise.allSettled(metrics.map((metric) => propose(metric, world)));
  const found = asked.flatMap((result) => result.status === "fulfilled" ? [result.value] : []);
  const failures = asked.flatMap((result) => result.status === "rejected" ? [result.reason as MetricError] : []);
  for (const { reason, message } of failures) tell(scope, autoscaler, "Warning", reason, message);
  const best = found.toSorted((a, b) => b.replicas - a.replicas)[0];
  const [first] = failures;
  if (first && (!best || best.replicas < current)) {
    const message = `invalid metrics (${failures.length} invalid out of ${metrics.length}), first error is: `;
    tell(scope, autoscaler, "Warning", "FailedComputeMetricsReplicas", message + first.within);
    const said = `the HPA was unable to compute the replica count: ${first.message}`;
    return { conditions: [inactive(first.reason, said)], metrics: found.map(({ status }) => status) };
  }
  const message = `the HPA was able to successfully calculate a replica count from ${best?.name ?? ""}`;
  const active = { type: "ScalingActive", status: "True", reason: "ValidMetricFound", message };
  return { best, conditions: [active], metrics: found.map(({ status }) => status) };
}

/** Autoscalers of the namespace whose targets select any of the pods, as upstream prints them. */
function scalersOf(pods: readonly PodObject[], namespace: string, selectors: ReadonlyMap<Key, string>): string[] {
  return [...selectors].flatMap(([key, selector]) => {
    const ref = refOf(key);
    if (ref.namespace !== namespace) return [];
    const matches = parseLabelSelector(selector);
    return pods.some(({ metadata }) => matches(metadata.labels)) ? [`{${ref.name} ${namespace}}`] : [];
  }).sort();
}

function refused(autoscaler: Autoscaler, scope: AutoscalerScope, reason: string, message: string): Asked {
  tell(scope, autoscaler, "Warning", reason, message);
  tell(scope, autoscaler, "Warning", "FailedComputeMetricsReplicas", message);
  return { conditions: [inactive(reason, message)] };
}

function toleranceOf({ spec }: Autoscaler): Tolerance {
  const share = (text?: string | number) => text === undefined ? defaultTolerance : milliOf(text) / 1000;
  const { scaleUp, scaleDown } = spec!.behavior ?? {};
  return { up: share(scaleUp?.tolerance), down: share(scaleDown?.tolerance) };
}

interface Rescale {
  readonly scale: ScaleObject;
  readonly figures: FigureSource;
  readonly wish: Wish & { readonly replicas: number };
}

async function rescale(autoscaler: Autoscaler, { scale, figures, wish }: Rescale, scope: AutoscalerScope) {
  const { replicas, why } = wish;
  try {
    await figures.setScale(autoscaler.spec!.scaleTargetRef, scale, replicas);
  } catch (error) {
    // Somebody wrote to it meanwhile: another look tells what is due now.
    if (isReason(error, "Conflict")) throw error;
    const cause = messageOf(error);
    tell(scope, autoscaler, "Warning", "FailedRescale", `New size: ${replicas}; reason: ${why}; error: ${cause}`);
    const message = `the HPA controller was unable to update the target scale: ${cause}`;
    return { done: false, condition: unable("FailedUpdateScale", message) };
  }
  tell(scope, autoscaler, "Normal", "SuccessfulRescale", `New size: ${replicas}; reason: ${why}`);
  const message = `the HPA controller was able to update the target scale to ${replicas}`;
  return { done: true, condition: able("SucceededRescale", message) };
}

function tell(
  { recorder }: LoopContext,
  object: Autoscaler,
  type: "Normal" | "Warning",
  reason: string,
  message: string,
): void {
  recorder.event(about({ kind: HorizontalPodAutoscaler, object }), type, reason, message);
}

function able(reason: string, message: string): Condition {
  return { type: "AbleToScale", status: "True", reason, message };
}

function unable(reason: string, message: string): Condition {
  return { type: "AbleToScale", status: "False", reason, message };
}

function inactive(reason: string, message: string): Condition {
  return { type: "ScalingActive", status: "False", reason, message };
}
