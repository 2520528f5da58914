/** Init containers: one after the other, each to its end; sidecars among them only to their start, and then kept running. */
import type { Observed } from "../container/identity.ts";
import { type ContainerPlan, planContainer } from "./plan_container.ts";
import type { PodFacts } from "./pod_plan.ts";
import { type Container, initContainersOf, isSidecar, type Pod, specOf } from "./pod.ts";
import { restartPolicyOf } from "./restart_rules.ts";

export interface InitPlan {
  readonly parts: readonly ContainerPlan[];
  /** The app may start. */
  readonly finished: boolean;
  /** One has failed and may not be tried again. */
  readonly failed: boolean;
}

export function planInit(facts: PodFacts, sandbox: Observed | undefined): InitPlan {
  const began = appBegan(facts, sandbox);
  const parts: ContainerPlan[] = [];
  for (const container of initContainersOf(facts.pod)) {
    if (began && !isSidecar(container)) continue;
    const part = planContainer(facts, initView(facts.pod, container), {
      sandbox,
      initOnly: true,
      sidecar: isSidecar(container),
    });
    parts.push(part);
    if (began || isThrough(facts, container, part)) continue;
    return { parts, finished: false, failed: part.over !== undefined && part.over.exitCode !== 0 };
  }
  return { parts, finished: true, failed: false };
}

/** A failed init container is tried again unless the pod's policy is Never; one that succeeded never runs twice. */
function initView(pod: Pod, container: Container): Container {
  if (isSidecar(container)) return container;
  const policy = restartPolicyOf(pod, container) === "Never" ? "Never" : "OnFailure";
  return { ...container, restartPolicy: policy };
}

/** Once the app has run in this sandbox, its init containers have done their work, whether docker still has them or not. */
function appBegan({ pod, observed }: PodFacts, sandbox: Observed | undefined): boolean {
  const names = new Set(specOf(pod).containers.map((container) => container.name));
  return observed.some((one) => names.has(one.name) && !one.isSandbox && one.sandboxId === sandbox?.state.id);
}

function isThrough({ observed, verdict }: PodFacts, container: Container, part: ContainerPlan): boolean {
  if (!isSidecar(container)) return part.over?.exitCode === 0;
  const latest = observed.findLast((one) => one.name === container.name && !one.isSandbox);
  return latest?.state.status === "running" && verdict(latest.state.id).started;
}
