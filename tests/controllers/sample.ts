/** Objects for tests of plans: as small as the plan lets them be. */
import type { IPod } from "kubernetes-models/v1/Pod";
import type { IService } from "kubernetes-models/v1/Service";
import type { Stored } from "../../runtime/schema/mod.ts";

export const startMs = Date.parse("2026-01-01T00:00:00Z");

export interface PodTraits {
  readonly phase?: "Pending" | "Running" | "Succeeded" | "Failed";
  readonly ready?: boolean;
  readonly going?: boolean;
  readonly node?: string;
  readonly labels?: Record<string, string>;
  readonly ip?: string;
  readonly annotations?: Record<string, string>;
  readonly restarts?: number;
  readonly createdMs?: number;
}

export function samplePod(name: string, traits: PodTraits = {}): Stored<IPod> {
  const { phase = "Running", ready = false, going, node, labels, ip, annotations, restarts = 0 } = traits;
  const at = new Date(traits.createdMs ?? startMs).toISOString();
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace: "default",
      uid: `uid-${name}`,
      resourceVersion: "1",
      creationTimestamp: at,
      labels,
      annotations,
      ...(going ? { deletionTimestamp: at } : {}),
    },
    spec: {
      containers: [{ name: "main", image: "x", ports: [{ name: "http", containerPort: 8080 }] }],
      nodeName: node,
    },
    status: {
      phase,
      podIP: ip,
      podIPs: ip ? [{ ip }] : undefined,
      conditions: [{ type: "Ready", status: ready ? "True" : "False", lastTransitionTime: at }],
      containerStatuses: [{ name: "main", image: "x", imageID: "", ready, restartCount: restarts }],
    },
  };
}

export function sampleService(spec: IService["spec"]): Stored<IService> {
  const metadata = {
    name: "web",
    namespace: "default",
    uid: "svc",
    resourceVersion: "1",
    creationTimestamp: "2026-01-01T00:00:00Z",
  };
  return { apiVersion: "v1", kind: "Service", metadata, spec };
}
