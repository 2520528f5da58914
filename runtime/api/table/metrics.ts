/** TARGETS of a HorizontalPodAutoscaler: `cpu: 12%/80%`, at most two, for both versions of the kind. */
import type { IHorizontalPodAutoscaler } from "kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler";
import { shortened } from "./cell.ts";

interface Amount {
  value?: number | string;
  averageValue?: number | string;
  averageUtilization?: number;
}

/** Where `spec.metrics[].<source>` and `status.currentMetrics[].<source>` carry what is shown. */
interface Source {
  name?: string;
  target?: Amount;
  current?: Amount;
}

interface Metric {
  type: string;
  [source: string]: unknown;
}

const sources: Readonly<Record<string, string>> = {
  Resource: "resource",
  ContainerResource: "containerResource",
  Pods: "pods",
  Object: "object",
  External: "external",
};

export function targetsOf(autoscaler: IHorizontalPodAutoscaler): string {
  const { spec, status } = autoscaler;
  if (autoscaler.apiVersion as string === "autoscaling/v1") return cpuTarget(autoscaler);
  const current = (status?.currentMetrics ?? []) as unknown as Metric[];
  const targets = ((spec?.metrics ?? []) as unknown as Metric[]).map((metric, index) => target(metric, current[index]));
  return shortened(targets, 2, "<none>", ", ");
}

function target(metric: Metric, measured: Metric | undefined): string {
  const key = sources[metric.type];
  if (!key) return "<unknown type>";
  const { name, target = {} } = metric[key] as Source;
  const { current = {} } = (measured?.[key] ?? {}) as Source;
  const prefix = key === "resource" || key === "containerResource" ? `${name}: ` : "";
  if (target.averageUtilization !== undefined) {
    return `${prefix}${percent(current.averageUtilization)}/${target.averageUtilization}%`;
  }
  if (target.averageValue !== undefined) {
    const suffix = key === "object" || key === "external" ? " (avg)" : "";
    return `${prefix}${current.averageValue ?? "<unknown>"}/${target.averageValue}${suffix}`;
  }
  return `${prefix}${current.value ?? "<unknown>"}/${target.value ?? "<auto>"}`;
}

function percent(value: number | undefined): string {
  return value === undefined ? "<unknown>" : `${value}%`;
}

interface FirstVersion {
  spec?: { targetCPUUtilizationPercentage?: number };
  status?: { currentCPUUtilizationPercentage?: number };
}

function cpuTarget(autoscaler: IHorizontalPodAutoscaler): string {
  const { spec, status } = autoscaler as unknown as FirstVersion;
  if (spec?.targetCPUUtilizationPercentage === undefined) return "<none>";
  return `cpu: ${percent(status?.currentCPUUtilizationPercentage)}/${spec.targetCPUUtilizationPercentage}%`;
}
