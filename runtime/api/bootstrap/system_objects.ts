/** What every cluster has from its first second. */
import type { KubeObject } from "../../schema/mod.ts";
import { ensureExists, type Keeper } from "./ensure.ts";

const namespaces = ["default", "kube-system", "kube-public", "kube-node-lease"];

const priorities: readonly (readonly [name: string, value: number, description: string])[] = [
  [
    "system-cluster-critical",
    2_000_000_000,
    "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.",
  ],
  [
    "system-node-critical",
    2_000_001_000,
    "Used for system critical pods that must not be moved from their current node.",
  ],
];

/** `today`: `2026-01-31`; since then the uses of tokens in Secrets are noted. */
export async function ensureSystemObjects(keeper: Keeper, today: string): Promise<void> {
  for (const name of namespaces) {
    await ensureExists(keeper, { apiVersion: "v1", kind: "Namespace", metadata: { name } });
  }
  for (const object of [...priorityClasses(), tokenTracking(today)]) await ensureExists(keeper, object);
}

function priorityClasses(): KubeObject[] {
  return priorities.map(([name, value, description]) => ({
    apiVersion: "scheduling.k8s.io/v1",
    kind: "PriorityClass",
    metadata: { name },
    value,
    description,
    preemptionPolicy: "PreemptLowerPriority",
  }));
}

/** KEP-2799 */
function tokenTracking(since: string): KubeObject {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { namespace: "kube-system", name: "kube-apiserver-legacy-service-account-token-tracking" },
    data: { since },
  };
}
