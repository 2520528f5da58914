/**
 * What a pod asks of a node: its containers run side by side, its init containers one after the other before them, and
 * its sidecars (init containers that restart always) from their turn on to the end.
 *
 * Source: KEP-753 "Exposing the resource requirements", KEP-688 (overhead), KEP-2837 (requests of the pod as a whole).
 */
import type { IPodSpec } from "kubernetes-models/v1/PodSpec";
import { addAmounts, type Amounts, amountsOf, raiseAmounts } from "./amounts.ts";

type Container = NonNullable<IPodSpec["initContainers"]>[number];
type RequestsOf = (container: Container) => Amounts;

export function podRequests(spec: IPodSpec): Amounts {
  return totalRequests(spec, (container) => amountsOf(container.resources?.requests));
}

/** The most that a pod may use. What one of its containers uses without a limit, the pod does too, unless it has one itself. */
export function podLimits(spec: IPodSpec): Amounts {
  const { total, whole } = inAll(spec, "limits", (container) => amountsOf(container.resources?.limits));
  const containers = [...spec.initContainers ?? [], ...spec.containers];
  const isLimited = (name: string) => name in whole || containers.every(({ resources }) => resources?.limits?.[name]);
  const limited = Object.fromEntries(Object.entries(total).filter(([name]) => isLimited(name)));
  const overhead = Object.entries(amountsOf(spec.overhead)).filter(([name]) => name in limited);
  addAmounts(limited, Object.fromEntries(overhead));
  return limited;
}

/** What scores count a container as that asks for nothing, so that such pods still spread. */
const assumed: Amounts = { cpu: 100, memory: 200 * 1024 * 1024 };

/** Like `podRequests`, cpu and memory only, with a floor for containers that name none. */
export function scoredRequests(spec: IPodSpec): Amounts {
  return totalRequests(spec, (container) => {
    const { cpu = assumed.cpu!, memory = assumed.memory! } = amountsOf(container.resources?.requests);
    return { cpu, memory };
  });
}

function totalRequests(spec: IPodSpec, requestsOf: RequestsOf): Amounts {
  const { total } = inAll(spec, "requests", requestsOf);
  addAmounts(total, amountsOf(spec.overhead));
  return total;
}

/** Without overhead. `whole` is what the pod says for all. */
function inAll(spec: IPodSpec, which: "requests" | "limits", amountsIn: RequestsOf) {
  const total: Record<string, number> = {};
  for (const container of spec.containers) addAmounts(total, amountsIn(container));
  const { sidecars, peak } = initRequests(spec.initContainers ?? [], amountsIn);
  addAmounts(total, sidecars);
  raiseAmounts(total, peak);
  const whole = amountsOf(spec.resources?.[which]);
  return { total: Object.assign(total, whole), whole };
}

/** `sidecars` run on beside the containers; `peak` is the most that is needed while starting. */
function initRequests(containers: readonly Container[], requestsOf: RequestsOf): { sidecars: Amounts; peak: Amounts } {
  const sidecars: Record<string, number> = {};
  const peak: Record<string, number> = {};
  for (const container of containers) {
    const requests = requestsOf(container);
    if (container.restartPolicy === "Always") {
      addAmounts(sidecars, requests);
      raiseAmounts(peak, sidecars);
      continue;
    }
    const now = { ...sidecars };
    addAmounts(now, requests);
    raiseAmounts(peak, now);
  }
  return { sidecars, peak };
}
