/** What upstream fills in for HorizontalPodAutoscalers of both versions. */
import type { IHorizontalPodAutoscaler as IHorizontalPodAutoscalerV1 } from "kubernetes-models/autoscaling/v1/HorizontalPodAutoscaler";
import type { IHorizontalPodAutoscaler } from "kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler";
import type { IHPAScalingRules } from "kubernetes-models/autoscaling/v2/HPAScalingRules";
import { fill } from "./fill.ts";

export function defaultAutoscalerV1({ spec }: IHorizontalPodAutoscalerV1): void {
  if (spec) fill(spec, { minReplicas: 1, targetCPUUtilizationPercentage: 80 });
}

export function defaultAutoscaler({ spec }: IHorizontalPodAutoscaler): void {
  if (!spec) return;
  fill(spec, { minReplicas: 1 });
  if (!spec.metrics?.length) {
    const target = { type: "Utilization", averageUtilization: 80 };
    spec.metrics = [{ type: "Resource", resource: { name: "cpu", target } }];
  }
  if (spec.behavior) defaultBehavior(spec.behavior);
}

/** Only a behavior that is given at all is completed. */
function defaultBehavior(behavior: { scaleUp?: IHPAScalingRules; scaleDown?: IHPAScalingRules }): void {
  const everyQuarterMinute = { periodSeconds: 15 };
  const double = { type: "Percent", value: 100, ...everyQuarterMinute };
  fill(behavior.scaleUp ??= {}, {
    stabilizationWindowSeconds: 0,
    selectPolicy: "Max",
    policies: [{ type: "Pods", value: 4, ...everyQuarterMinute }, double],
  });
  fill(behavior.scaleDown ??= {}, { selectPolicy: "Max", policies: [{ ...double }] });
}
