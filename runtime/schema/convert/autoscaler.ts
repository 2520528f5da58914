/**
 * HorizontalPodAutoscaler v1 knows one metric, cpu; the others, the conditions and the behavior of v2 are kept in
 * annotations. Source: autoscaling/v1 API, `autoscaling.alpha.kubernetes.io/*`.
 */
import type { KubeObject } from "../object.ts";

interface Metric {
  type: string;
  resource?: { name: string; target?: Target; current?: Target };
}

interface Target {
  type?: string;
  averageUtilization?: number;
}

type Struct = Record<string, unknown>;

const prefix = "autoscaling.alpha.kubernetes.io/";
const kept = ["metrics", "behavior", "current-metrics", "conditions"] as const;

/** Utilization of cpu is the one thing that v1 can say. */
function isPlainCpu({ type, resource }: Metric): boolean {
  const amount = resource?.target ?? resource?.current;
  return type === "Resource" && resource?.name === "cpu" && amount?.averageUtilization !== undefined;
}

export function autoscalerToV1(object: KubeObject): KubeObject {
  const { metrics, behavior, ...spec } = (object.spec ?? {}) as Struct;
  const { currentMetrics, conditions, ...status } = (object.status ?? {}) as Struct;
  const cpu = (metrics as Metric[] | undefined)?.find(isPlainCpu);
  const currentCpu = (currentMetrics as Metric[] | undefined)?.find(isPlainCpu);
  if (cpu) spec.targetCPUUtilizationPercentage = cpu.resource!.target!.averageUtilization;
  if (currentCpu) status.currentCPUUtilizationPercentage = currentCpu.resource!.current!.averageUtilization;
  const extras: Record<(typeof kept)[number], unknown> = {
    metrics: without(metrics, cpu),
    behavior,
    "current-metrics": without(currentMetrics, currentCpu),
    conditions,
  };
  const annotations: Record<string, string> = { ...object.metadata?.annotations };
  for (const name of kept) if (extras[name] !== undefined) annotations[prefix + name] = JSON.stringify(extras[name]);
  return { ...object, metadata: withAnnotations(object, annotations), spec, status };
}

/** The list without the one that v1 can say; nothing when nothing is left. */
function without(metrics: unknown, one?: Metric): unknown[] | undefined {
  const rest = (metrics as Metric[] | undefined)?.filter((metric) => metric !== one) ?? [];
  return rest.length > 0 ? rest : undefined;
}

export function autoscalerToV2(object: KubeObject): KubeObject {
  const { targetCPUUtilizationPercentage: cpu, ...spec } = (object.spec ?? {}) as Struct;
  const { currentCPUUtilizationPercentage: currentCpu, ...status } = (object.status ?? {}) as Struct;
  const annotations: Record<string, string> = { ...object.metadata?.annotations };
  const [metrics, behavior, currentMetrics, conditions] = kept.map((name) => taken(annotations, prefix + name));
  const allMetrics = [...cpuMetric("target", cpu), ...asList(metrics)];
  if (allMetrics.length > 0) spec.metrics = allMetrics;
  if (behavior !== undefined) spec.behavior = behavior;
  const allCurrent = [...cpuMetric("current", currentCpu), ...asList(currentMetrics)];
  if (allCurrent.length > 0) status.currentMetrics = allCurrent;
  if (conditions !== undefined) status.conditions = conditions;
  return { ...object, metadata: withAnnotations(object, annotations), spec, status };
}

function cpuMetric(side: "target" | "current", percent: unknown): unknown[] {
  if (percent === undefined) return [];
  const type = side === "target" ? { type: "Utilization" } : {};
  return [{ type: "Resource", resource: { name: "cpu", [side]: { ...type, averageUtilization: percent } } }];
}

function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** What a user wrote there by hand may be no JSON: then it stays an annotation. */
function taken(annotations: Record<string, string>, name: string): unknown {
  const text = annotations[name];
  if (text === undefined) return undefined;
  try {
    const value = JSON.parse(text);
    delete annotations[name];
    return value;
  } catch {
    return undefined;
  }
}

function withAnnotations(object: KubeObject, annotations: Record<string, string>): KubeObject["metadata"] {
  const { annotations: _before, ...meta } = object.metadata ?? {};
  return Object.keys(annotations).length > 0 ? { ...meta, annotations } : meta;
}
