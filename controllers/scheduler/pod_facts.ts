/** What the scheduler must know of a pod, worked out once. */
import type { IPod } from "kubernetes-models/v1/Pod";
import type { IPodSpec } from "kubernetes-models/v1/PodSpec";
import { controllerOf } from "../../runtime/loop/mod.ts";
import { type Key, keyOf, type Stored } from "../../runtime/schema/mod.ts";
import { claimKeysOf } from "../objects/pod_claims.ts";
import type { Amounts } from "./amounts.ts";
import { podRequests, scoredRequests } from "./pod_requests.ts";

export interface HostPort {
  readonly ip: string;
  readonly protocol: string;
  readonly port: number;
}

export interface PodFacts {
  readonly key: Key;
  readonly uid: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: IPodSpec;
  /** Of its volumes. */
  readonly claims: readonly Key[];
  /** Names of the claims that were made for it. */
  readonly claimStatus: Pick<NonNullable<IPod["status"]>, "resourceClaimStatuses">;
  readonly requests: Amounts;
  /** Requests as scores see them. */
  readonly scored: Amounts;
  readonly hostPorts: readonly HostPort[];
  /** Uid of the controller, empty for a pod on its own. */
  readonly owner: string;
  readonly terminating: boolean;
  readonly priority: number;
  /** When its node took it on (RFC 3339); absent before that. */
  readonly started?: string;
  /** Pods with the same one are alike for every rule about other pods. */
  readonly groupId: string;
}

export function podFacts(pod: Stored<IPod>): PodFacts {
  const { metadata: { namespace = "default", labels = {}, uid, deletionTimestamp } } = pod;
  const spec = pod.spec!;
  const terminating = deletionTimestamp !== undefined;
  const { podAffinity, podAntiAffinity } = spec.affinity ?? {};
  return {
    key: keyOf(pod),
    uid,
    namespace,
    labels,
    spec,
    claims: claimKeysOf(pod),
    claimStatus: { resourceClaimStatuses: pod.status?.resourceClaimStatuses },
    requests: podRequests(spec),
    scored: scoredRequests(spec),
    hostPorts: hostPortsOf(spec),
    owner: ownerOf(pod),
    terminating,
    priority: spec.priority ?? 0,
    started: pod.status?.startTime,
    groupId: JSON.stringify([namespace, labels, podAffinity, podAntiAffinity, terminating]),
  };
}

/** Those of whose pods several serve the same; a Job's need not be spread. */
const setKinds = new Set(["ReplicaSet", "ReplicationController", "StatefulSet"]);

function ownerOf(pod: Stored<IPod>): string {
  const { kind = "", uid = "" } = controllerOf(pod) ?? {};
  return setKinds.has(kind) ? uid : "";
}

function hostPortsOf(spec: IPodSpec): HostPort[] {
  const sidecars = (spec.initContainers ?? []).filter((container) => container.restartPolicy === "Always");
  return [...spec.containers, ...sidecars].flatMap(({ ports = [] }) =>
    ports.filter(({ hostPort }) => hostPort).map(({ hostIP, hostPort, protocol = "TCP" }) => ({
      ip: hostIP || "0.0.0.0",
      protocol,
      port: hostPort!,
    }))
  );
}
