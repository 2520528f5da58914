/**
 * Devices that are made ready outside of the cluster (a fabric attaches them): what a claim's status says of that. Pure.
 *
 * Source: KEP-5007, API fields `bindingConditions` and `bindingFailureConditions` of an allocation's results.
 */
import type { IResourceClaim } from "kubernetes-models/resource.k8s.io/v1/ResourceClaim";
import type { Result } from "./pools.ts";

export type Readiness =
  | { readonly type: "ready" }
  | { readonly type: "waiting" | "failed"; readonly device: string; readonly condition: string };

/** The worst of all devices: one that failed, then one that is waited for. */
export function readinessOf(status: IResourceClaim["status"]): Readiness {
  let waiting: Readiness = { type: "ready" };
  for (const result of status?.allocation?.devices?.results ?? []) {
    const { driver, pool, device, bindingConditions = [], bindingFailureConditions = [] } = result;
    if (bindingConditions.length === 0) continue;
    const isTrue = conditionsOf(status, result);
    const place = { device: `${driver}/${pool}/${device}` };
    const failed = bindingFailureConditions.find(isTrue);
    if (failed) return { type: "failed", condition: failed, ...place };
    const missing = bindingConditions.find((condition) => !isTrue(condition));
    if (missing) waiting = { type: "waiting", condition: missing, ...place };
  }
  return waiting;
}

function conditionsOf(status: IResourceClaim["status"], { driver, pool, device, shareID }: Result) {
  const told = status?.devices?.find((one) =>
    one.driver === driver && one.pool === pool && one.device === device && one.shareID === shareID
  );
  return (type: string) => told?.conditions?.some((one) => one.type === type && one.status === "True") ?? false;
}
