/** What a HorizontalPodAutoscaler measures, and how fast it may act. */
import type { IHorizontalPodAutoscaler } from "kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler";
import { compareQuantities } from "../quantity.ts";
import { dnsLabel, pathSegment } from "./names.ts";
import type { Report } from "./report.ts";

type Spec = NonNullable<IHorizontalPodAutoscaler["spec"]>;
type Metric = NonNullable<Spec["metrics"]>[number];

/** The part of a metric that its type speaks of. */
const parts = {
  ContainerResource: "containerResource",
  External: "external",
  Object: "object",
  Pods: "pods",
  Resource: "resource",
} as const;

/** The last that a list of metrics lacks is what wakes a workload that has no pods. */
export function validateMetrics({ metrics = [], minReplicas }: Spec, report: Report): void {
  metrics.forEach((metric, i) => validateMetric(metric, report.at(i)));
  if (minReplicas === 0 && !metrics.some(({ type }) => type === "Object" || type === "External")) {
    report.forbidden("must specify at least one Object or External metric to support scaling to zero replicas");
  }
}

interface Reference {
  readonly kind?: string;
  readonly name?: string;
  readonly apiVersion?: string;
}

export function validateReference({ kind, name, apiVersion = "" }: Reference, report: Report): void {
  report.at("kind").requiredName(kind, pathSegment);
  report.at("name").requiredName(name, pathSegment);
  if (apiVersion.split("/").length > 2) {
    report.at("apiVersion").invalid(apiVersion, `unexpected GroupVersion string: ${apiVersion}`);
  }
}

function validateMetric(metric: Metric, report: Report): void {
  if (!metric.type) report.at("type").required("must specify a metric source type");
  if (!(metric.type in parts)) return report.at("type").notSupported(metric.type ?? "", Object.keys(parts));
  const part = parts[metric.type as keyof typeof parts];
  const source = metric[part];
  if (!source) return report.at(part).required("must populate information for the given metric source");
  for (const other of Object.values(parts)) {
    if (other !== part && metric[other]) {
      report.at(other).forbidden("must populate the given metric source only");
    }
  }
  validateSource(source as Source, part, report.at(part));
}

interface Target {
  type?: string;
  value?: string | number;
  averageValue?: string | number;
  averageUtilization?: number;
}

interface Source {
  name?: string;
  container?: string;
  metric?: { name?: string };
  describedObject?: Reference;
  target?: Target;
}

function validateSource(source: Source, part: string, report: Report): void {
  const ofResource = part === "resource" || part === "containerResource";
  if (ofResource) {
    if (!source.name) report.at("name").required("must specify a resource name");
  }
  if (part === "containerResource") validateContainerName(source.container, report.at("container"));
  if (part === "object") validateReference(source.describedObject ?? {}, report.at("describedObject"));
  if (!ofResource) validateMetricName(source.metric?.name, report.at("metric", "name"));
  validateTarget(source.target ?? {}, report.at("target"));
  if (ofResource) oneResourceTarget(source.target ?? {}, report.at("target"));
  if (part === "pods" && isAbsent(source.target?.averageValue)) {
    report.at("target", "averageValue").required("must specify a positive target averageValue");
  }
  if (part === "object" || part === "external") oneValueTarget(source.target ?? {}, part, report.at("target"));
}

function validateContainerName(name: string | undefined, report: Report): void {
  if (name) report.named(name, dnsLabel);
  else report.required("must specify a container");
}

function validateMetricName(name: string | undefined, report: Report): void {
  if (name) report.named(name, pathSegment);
  else report.required("must specify a metric name");
}

/** Of what is counted from outside the two are two ways to say one thing. */
function oneValueTarget({ value, averageValue }: Target, part: "object" | "external", report: Report): void {
  const ofPods = "a target value for metric";
  if (isAbsent(value) && isAbsent(averageValue)) {
    const either = part === "object" ? "a target value or averageValue" : `${ofPods} or a per-pod target`;
    report.at("averageValue").required(`must set either ${either}`);
  } else if (part === "external" && !isAbsent(value) && !isAbsent(averageValue)) {
    report.at("value").forbidden(`may not set both ${ofPods} and a per-pod target`);
  }
}

const targetTypes = ["AverageValue", "Utilization", "Value"];

function validateTarget(target: Target, report: Report): void {
  if (!target.type) report.at("type").required("must specify a metric target type");
  if (!targetTypes.includes(target.type ?? "")) {
    report.at("type").invalid(target.type ?? "", "must be either Utilization, Value, or AverageValue");
  }
  for (const field of ["value", "averageValue"] as const) {
    const amount = target[field];
    if (!isAbsent(amount) && compareQuantities(amount!, 0) <= 0) {
      report.at(field).invalid(String(amount), "must be positive");
    }
  }
  const { averageUtilization: percent } = target;
  if (percent !== undefined && percent < 1) report.at("averageUtilization").invalid(percent, "must be greater than 0");
}

function oneResourceTarget({ averageUtilization, averageValue }: Target, report: Report): void {
  if (averageUtilization === undefined && isAbsent(averageValue)) {
    report.at("averageUtilization").required("must set either a target raw value or a target utilization");
  } else if (averageUtilization !== undefined && !isAbsent(averageValue)) {
    report.at("averageValue").forbidden("may not set both a target raw value and a target utilization");
  }
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}

const longestSeconds = { stabilizationWindowSeconds: 3600, periodSeconds: 1800 };

export function validateBehavior({ behavior = {} }: Spec, report: Report): void {
  for (const direction of ["scaleUp", "scaleDown"] as const) {
    const rules = behavior[direction];
    if (!rules) continue;
    const place = report.at(direction);
    const { stabilizationWindowSeconds: window, policies, selectPolicy, tolerance } = rules;
    if (window !== undefined) atMost(window, "stabilizationWindowSeconds", place);
    place.at("selectPolicy").oneOf(selectPolicy, ["Disabled", "Max", "Min"]);
    if (!policies?.length) place.at("policies").required("must specify at least one Policy");
    policies?.forEach(({ type, value, periodSeconds }, i) => {
      place.at("policies", i, "type").oneOf(type ?? "", ["Percent", "Pods"]);
      if (value <= 0) place.at("policies", i, "value").invalid(value, "must be greater than zero");
      if (periodSeconds <= 0) {
        place.at("policies", i, "periodSeconds").invalid(periodSeconds, "must be greater than zero");
      } else atMost(periodSeconds, "periodSeconds", place.at("policies", i));
    });
    if (!isAbsent(tolerance) && compareQuantities(tolerance!, 0) < 0) {
      place.at("tolerance").invalid(String(tolerance), "must be greater than or equal to 0");
    }
  }
}

function atMost(seconds: number, field: keyof typeof longestSeconds, report: Report): void {
  const most = longestSeconds[field];
  if (seconds < 0) report.at(field).invalid(seconds, "must be greater than or equal to zero");
  else if (seconds > most) report.at(field).invalid(seconds, `must be less than or equal to ${most}`);
}
