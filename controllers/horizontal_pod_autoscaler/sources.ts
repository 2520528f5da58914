/**
 * Where an autoscaler's figures come from: the resource, custom and external metrics APIs, and the scale of its target.
 * Amounts are thousandths. What is not served is told in the words of the API machinery.
 */
import type { IMetricIdentifier } from "kubernetes-models/autoscaling/v2/MetricIdentifier";
import type { Client } from "../../runtime/loop/mod.ts";
import { isReason, type Json, milliOf } from "../../runtime/schema/mod.ts";
import type { Sample } from "./ratio.ts";
import { messageOf } from "../objects/pod_template.ts";
import { resourceOf, type ScaleObject, scalePath, type Target } from "../objects/scale_target.ts";

/** `30s`, `1m0s`: what windows are written as. */
const duration = /^(?:(\d+)m)?(?:([\d.]+)s)?$/;
const defaultWindowMs = 60_000;

type Raw = Client["raw"];

interface PodMetrics {
  metadata: { name: string };
  timestamp: string;
  window?: string;
  containers: { name: string; usage: Record<string, string> }[];
}

interface MetricValue {
  describedObject?: { name: string };
  timestamp?: string;
  windowSeconds?: number;
  value: string;
}

export interface FigureSource {
  scale(target: Target): Promise<ScaleObject>;
  setScale(target: Target, scale: ScaleObject, replicas: number): Promise<void>;
  /** By pod name; of one container, or of all. Throws when one of them lacks the resource. */
  resource(resource: string, selector: string, container?: string): Promise<Map<string, Sample>>;
  ofPods(metric: IMetricIdentifier, selector: string): Promise<Map<string, Sample>>;
  ofObject(metric: IMetricIdentifier, object: Target): Promise<number>;
  external(metric: IMetricIdentifier): Promise<number>;
}

export function figureSource(raw: Raw, namespace: string): FigureSource {
  const place = (target: Target) => scalePath(raw, target, namespace);
  const custom = async (path: string, metric: IMetricIdentifier, query: Record<string, string> = {}) => {
    const base = await customBase(raw);
    const labels = metric.selector ? { ...query, metricLabelSelector: selectorText(metric.selector) } : query;
    return await valuesAt(raw, `${base}/${path}/${metric.name}${queryOf(labels)}`, "custom");
  };
  return {
    scale: async (target) => await raw("GET", await place(target)) as ScaleObject,
    async setScale(target, scale, replicas) {
      await raw("PUT", await place(target), { ...scale, spec: { ...scale.spec, replicas } } as Json);
    },
    async resource(resource, selector, container) {
      const path = `/apis/metrics.k8s.io/v1beta1/namespaces/${namespace}/pods${queryOf({ labelSelector: selector })}`;
      const { items } = await asked<PodMetrics>(raw, path, "resource", "pods.metrics.k8s.io");
      if (items.length === 0) throw new Error("no metrics returned from resource metrics API");
      return new Map(items.flatMap((pod) => sampleOf(pod, { resource, container, namespace })));
    },
    async ofPods(metric, selector) {
      const values = await custom(`namespaces/${namespace}/pods/*`, metric, { labelSelector: selector });
      return new Map(values.map((value) => [value.describedObject!.name, {
        milli: milliOf(value.value),
        at: Date.parse(value.timestamp ?? ""),
        windowMs: (value.windowSeconds ?? 0) * 1000 || defaultWindowMs,
      }]));
    },
    async ofObject(metric, object) {
      if (object.kind === "Namespace") {
        return milliOf((await custom(`namespaces/${object.name}/metrics`, metric))[0]!.value);
      }
      const { plural, group, namespaced } = await resourceOf(raw, object);
      const inside = namespaced ? `namespaces/${namespace}/` : "";
      const name = group ? `${plural}.${group}` : plural;
      return milliOf((await custom(`${inside}${name}/${object.name}`, metric))[0]!.value);
    },
    async external({ name, selector }) {
      const query = selector ? queryOf({ labelSelector: selectorText(selector) }) : "";
      const path = `/apis/external.metrics.k8s.io/v1beta1/namespaces/${namespace}/${name}${query}`;
      const values = await valuesAt(raw, path, "external", `${name}.external.metrics.k8s.io`);
      return values.reduce((sum, { value }) => sum + milliOf(value), 0);
    },
  };
}

/** Pods of which a container has no figure yet are left out; a container that isn't there at all is an error. */
function sampleOf(
  { metadata: { name }, timestamp, window, containers }: PodMetrics,
  { resource, container, namespace }: { resource: string; container?: string; namespace: string },
): [string, Sample][] {
  const counted = container ? containers.filter((one) => one.name === container) : containers;
  if (container && counted.length === 0) {
    throw new Error(`container ${container} not present in metrics for pod ${namespace}/${name}`);
  }
  const amounts = counted.map(({ usage }) => usage[resource]);
  if (amounts.some((amount) => amount === undefined)) return [];
  const milli = amounts.reduce((sum, amount) => sum + milliOf(amount!), 0);
  return [[name, { milli, at: Date.parse(timestamp), windowMs: millisecondsOf(window) }]];
}

function millisecondsOf(window = ""): number {
  const [, minutes = "0", seconds = "0"] = duration.exec(window) ?? [];
  return (Number(minutes) * 60 + Number(seconds)) * 1000 || defaultWindowMs;
}

async function customBase(raw: Raw): Promise<string> {
  try {
    const group = await raw("GET", "/apis/custom.metrics.k8s.io") as { preferredVersion: { groupVersion: string } };
    return `/apis/${group.preferredVersion.groupVersion}`;
  } catch (error) {
    const gone = isReason(error, "NotFound");
    const why = gone ? "no custom metrics API (custom.metrics.k8s.io) registered" : messageOf(error);
    throw new Error(`unable to fetch metrics from custom metrics API: ${why}`);
  }
}

async function valuesAt(raw: Raw, path: string, api: string, resource?: string): Promise<MetricValue[]> {
  const { items } = await asked<MetricValue>(raw, path, api, resource);
  if (items.length === 0) throw new Error(`no metrics returned from ${api} metrics API`);
  return items;
}

async function asked<T>(raw: Raw, path: string, api: string, resource?: string): Promise<{ items: T[] }> {
  try {
    return await raw("GET", path) as { items: T[] };
  } catch (error) {
    const unserved = resource && isReason(error, "NotFound");
    const why = unserved ? `the server could not find the requested resource (get ${resource})` : messageOf(error);
    throw new Error(`unable to fetch metrics from ${api} metrics API: ${why}`);
  }
}

function queryOf(parameters: Record<string, string>): string {
  const text = new URLSearchParams(parameters).toString();
  return text && `?${text}`;
}

type Selector = NonNullable<IMetricIdentifier["selector"]>;

/** As a query says it: `a=b,c in (d,e)`. */
function selectorText({ matchLabels = {}, matchExpressions = [] }: Selector): string {
  const words: Record<string, string> = { In: "in", NotIn: "notin" };
  const expressions = matchExpressions.map(({ key, operator, values = [] }) =>
    operator in words ? `${key} ${words[operator]} (${values.join(",")})` : `${operator === "Exists" ? "" : "!"}${key}`
  );
  return [...Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`), ...expressions].join(",");
}
