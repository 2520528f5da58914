/**
 * One metric of an autoscaler: how many replicas it asks for, and what it says now. Its laws are those of the arithmetic;
 * this file says which figures go in and what is told when one is missing.
 */
import type { IMetricSpec } from "kubernetes-models/autoscaling/v2/MetricSpec";
import type { IMetricStatus } from "kubernetes-models/autoscaling/v2/MetricStatus";
import type { IMetricTarget } from "kubernetes-models/autoscaling/v2/MetricTarget";
import type { IMetricIdentifier } from "kubernetes-models/autoscaling/v2/MetricIdentifier";
import { canonicalQuantity, milliOf } from "../../runtime/schema/mod.ts";
import {
  averageOf,
  byAverage,
  byUtilization,
  groupPods,
  isWithin,
  replicasFor,
  type Sample,
  scaled,
  type Tolerance,
  type UsageWorld,
  utilizationOf,
} from "./ratio.ts";
import type { FigureSource } from "./sources.ts";
import { isReady, type PodObject } from "../objects/pod_state.ts";
import { messageOf } from "../objects/pod_template.ts";

export interface MetricWorld {
  readonly namespace: string;
  readonly figures: FigureSource;
  /** The target's label selector, as text. */
  readonly selector: string;
  /** `spec.replicas` and `status.replicas` of the scale. */
  readonly current: number;
  readonly counted: number;
  readonly pods: readonly PodObject[];
  readonly tolerance: Tolerance;
  readonly now: number;
}

export interface Proposal {
  readonly replicas: number;
  /** As events and conditions call the metric. */
  readonly name: string;
  readonly status: IMetricStatus;
}

/** `reason` and message are the condition's; `within` is how a summary calls the failure. */
export class MetricError extends Error {
  override readonly name = "MetricError";
  constructor(readonly reason: string, message: string, readonly within: string) {
    super(message);
  }
}

export async function propose(metric: IMetricSpec, world: MetricWorld): Promise<Proposal> {
  switch (metric.type) {
    case "Resource":
      return await told("Resource", `${metric.resource!.name} resource metric value`, () => resource(metric, world));
    case "ContainerResource": {
      const label = `${metric.containerResource!.name} container metric value`;
      return await told("ContainerResource", label, () => containerResource(metric, world));
    }
    case "Pods":
      return await told("Pods", "pods metric value", () => podsMetric(metric, world));
    case "Object":
      return await told("Object", "object metric value", () => objectMetric(metric, world));
    case "External": {
      const { name } = metric.external!.metric;
      const label = `${name} external metric value: failed to get ${name} external metric`;
      return await told("External", label, () => externalMetric(metric, world));
    }
  }
  const message = `unknown metric source type ${JSON.stringify(metric.type)}`;
  throw new MetricError("InvalidMetricSourceType", message, message);
}

async function told(type: string, label: string, work: () => Promise<Proposal>): Promise<Proposal> {
  try {
    return await work();
  } catch (error) {
    const message = messageOf(error);
    throw new MetricError(`FailedGet${type}Metric`, message, `failed to get ${label}: ${message}`);
  }
}

async function resource({ resource }: IMetricSpec, world: MetricWorld): Promise<Proposal> {
  const { name, target } = resource!;
  const { replicas, current } = await usage({ name, target }, world);
  return {
    replicas,
    name: `${name} resource${percentOf(target)}`,
    status: { type: "Resource", resource: { name, current } },
  };
}

async function containerResource({ containerResource }: IMetricSpec, world: MetricWorld): Promise<Proposal> {
  const { name, container, target } = containerResource!;
  const { replicas, current } = await usage({ name, container, target }, world);
  const status: IMetricStatus = { type: "ContainerResource", containerResource: { name, container, current } };
  return { replicas, name: `${name} container resource${percentOf(target)}`, status };
}

function percentOf({ averageUtilization }: IMetricTarget): string {
  return averageUtilization === undefined ? "" : " utilization (percentage of request)";
}

interface UsageMetric {
  readonly name: string;
  readonly container?: string;
  readonly target: IMetricTarget;
}

async function usage({ name, container, target }: UsageMetric, world: MetricWorld) {
  const what = target.averageUtilization === undefined ? "usage" : "utilization";
  try {
    const samples = await world.figures.resource(name, world.selector, container).catch((error) => {
      throw new Error(`unable to get metrics for resource ${name}: ${messageOf(error)}`);
    });
    const usageWorld = usageWorldOf(world, samples, name === "cpu");
    const { measured } = groupPods(usageWorld);
    if (target.averageUtilization === undefined) {
      const replicas = replicasFor(usageWorld, byAverage(milliOf(target.averageValue!)));
      return { replicas, current: { averageValue: quantityOf(averageOf(measured)) } };
    }
    const requests = requestsOf(usageWorld.pods, name, container);
    const replicas = replicasFor(usageWorld, byUtilization(target.averageUtilization, requests));
    const averageUtilization = utilizationOf(measured, requests);
    return { replicas, current: { averageUtilization, averageValue: quantityOf(averageOf(measured)) } };
  } catch (error) {
    throw new Error(`failed to get ${name} ${what}: ${messageOf(error)}`);
  }
}

function usageWorldOf(world: MetricWorld, samples: ReadonlyMap<string, Sample>, cpu: boolean): UsageWorld {
  if (world.pods.length === 0) throw new Error("no pods returned by selector while calculating replica count");
  return { ...world, samples, cpu };
}

/** What a pod asks for: itself where it says so, otherwise its containers, those that run beside them included. */
export function requestsOf(pods: readonly PodObject[], name: string, container?: string): Map<string, number> {
  return new Map(pods.map((pod) => [pod.metadata.name, requestOf(pod, name, container)]));
}

function requestOf(pod: PodObject, name: string, container?: string): number {
  const { containers, initContainers = [], resources } = pod.spec!;
  const whole = resources?.requests?.[name];
  if (whole !== undefined && container === undefined) return milliOf(whole);
  const all = [...containers, ...initContainers.filter(({ restartPolicy }) => restartPolicy === "Always")];
  const counted = container === undefined ? all : all.filter((one) => one.name === container);
  const amounts = counted.map((one) => {
    const amount = one.resources?.requests?.[name];
    if (amount !== undefined) return milliOf(amount);
    throw new Error(`missing request for ${name} in container ${one.name} of Pod ${pod.metadata.name}`);
  });
  return amounts.reduce((sum, amount) => sum + amount, 0);
}

async function podsMetric({ pods }: IMetricSpec, world: MetricWorld): Promise<Proposal> {
  const { metric, target } = pods!;
  const samples = await world.figures.ofPods(metric, world.selector).catch((error) => {
    throw new Error(`unable to get metric ${metric.name}: ${messageOf(error)}`);
  });
  const usageWorld = usageWorldOf(world, samples, false);
  const replicas = replicasFor(usageWorld, byAverage(milliOf(target.averageValue!)));
  const current = { averageValue: quantityOf(averageOf(groupPods(usageWorld).measured)) };
  return { replicas, name: `pods metric ${metric.name}`, status: { type: "Pods", pods: { metric, current } } };
}

async function objectMetric({ object }: IMetricSpec, world: MetricWorld): Promise<Proposal> {
  const { metric, target, describedObject } = object!;
  const { kind, name } = describedObject;
  const value = await world.figures.ofObject(metric, describedObject).catch((error) => {
    throw new Error(`unable to get metric ${metric.name}: ${kind} on ${world.namespace} ${name}/${messageOf(error)}`);
  });
  const { replicas, current } = ofWhole(value, target, world);
  const status: IMetricStatus = { type: "Object", object: { metric, describedObject, current } };
  return { replicas, name: `${kind} metric ${metric.name}`, status };
}

async function externalMetric({ external }: IMetricSpec, world: MetricWorld): Promise<Proposal> {
  const { metric, target } = external!;
  const label = selectorLabel(metric);
  const value = await world.figures.external(metric).catch((error) => {
    throw new Error(`unable to get external metric ${world.namespace}/${metric.name}/${label}: ${messageOf(error)}`);
  });
  const { replicas, current } = ofWhole(value, target, world);
  return {
    replicas,
    name: `external metric ${metric.name}(${label})`,
    status: { type: "External", external: { metric, current } },
  };
}

/** One value for all: `Value` is held against the target as it is, `AverageValue` is shared among the replicas. */
export function ofWhole(value: number, target: IMetricTarget, world: Omit<MetricWorld, "figures">) {
  if (target.type === "Value") {
    const replicas = byRatio(value / milliOf(target.value!), world);
    return { replicas, current: { value: quantityOf(value) } };
  }
  const each = milliOf(target.averageValue!);
  const average = world.counted === 0 ? 0 : Math.ceil(value / world.counted);
  const settled = world.counted > 0 && isWithin(world.tolerance, value / (each * world.counted));
  const replicas = settled ? world.counted : Math.ceil(value / each);
  return { replicas, current: { averageValue: quantityOf(average) } };
}

/** In proportion to the pods that serve. */
function byRatio(ratio: number, { current, pods, tolerance }: Omit<MetricWorld, "figures">): number {
  if (current === 0) return Math.ceil(ratio);
  if (isWithin(tolerance, ratio)) return current;
  const serving = pods.filter((pod) => pod.status?.phase === "Running" && isReady(pod)).length;
  return scaled(ratio, serving);
}

function quantityOf(milli: number): string {
  return canonicalQuantity(`${milli}m`);
}

/** A selector as messages print it. */
function selectorLabel({ selector }: IMetricIdentifier): string {
  if (!selector) return "nil";
  const labels = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => `${key}: ${value},`).join("");
  const expressions = (selector.matchExpressions ?? [])
    .map(({ key, operator, values = [] }) =>
      `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(" ")}],},`
    ).join("");
  return `&LabelSelector{MatchLabels:map[string]string{${labels}},` +
    `MatchExpressions:[]LabelSelectorRequirement{${expressions}},}`;
}
