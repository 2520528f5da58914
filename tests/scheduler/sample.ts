/** Nodes and pods to schedule, as small as they can be. */
import type { INode } from "kubernetes-models/v1/Node";
import type { IPod } from "kubernetes-models/v1/Pod";
import type { Stored } from "../../runtime/schema/mod.ts";
import { Cluster } from "../../controllers/scheduler/cluster.ts";
import { placePod } from "../../controllers/scheduler/place_pod.ts";
import { type PodFacts, podFacts } from "../../controllers/scheduler/pod_facts.ts";
import { defaultProfile } from "../../controllers/scheduler/configuration/configuration.ts";
import { refusalWords } from "../../controllers/scheduler/refusal_words.ts";

export type Labels = Record<string, string>;
type NodeSpec = INode["spec"];
type PodSpec = NonNullable<IPod["spec"]>;

const meta = (name: string, labels: Labels = {}) => ({
  name,
  uid: `uid-${name}`,
  resourceVersion: "1",
  creationTimestamp: "2030-01-01T00:00:00Z",
  labels,
});

export interface NodeOptions {
  readonly labels?: Labels;
  readonly spec?: NodeSpec;
  readonly allocatable?: Record<string, string>;
}

export function node(name: string, { labels = {}, spec, allocatable }: NodeOptions = {}): Stored<INode> {
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: meta(name, { "kubernetes.io/hostname": name, ...labels }),
    spec,
    status: { allocatable: { cpu: "4", memory: "8Gi", pods: "110", ...allocatable } },
  };
}

export function container(requests: Record<string, string | number> = {}) {
  return { name: "c", image: "i", resources: { requests } };
}

export interface PodOptions {
  readonly labels?: Labels;
  readonly requests?: Record<string, string | number>;
  readonly spec?: Partial<PodSpec>;
  /** Uid of the controller. */
  readonly owner?: string;
}

export function pod(name: string, { labels, requests, spec, owner }: PodOptions = {}): Stored<IPod> {
  const reference = { apiVersion: "apps/v1", kind: "ReplicaSet", name: "set", uid: owner ?? "", controller: true };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { ...meta(name, labels), namespace: "default", ...(owner && { ownerReferences: [reference] }) },
    spec: { containers: [container(requests)], ...spec },
  };
}

export function facts(name: string, options?: PodOptions): PodFacts {
  return podFacts(pod(name, options));
}

export function clusterOf(...nodes: Stored<INode>[]): Cluster {
  const cluster = new Cluster();
  for (const each of nodes) cluster.setNode(each);
  return cluster;
}

/** mulberry32: the same numbers for the same seed. */
export function seeded(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** The chosen node, or why there is none. */
export function outcome(candidate: PodFacts, cluster: Cluster, random = seeded(1)): string {
  const placement = placePod(candidate, cluster, defaultProfile, { random });
  return placement.type === "placed" ? placement.node : refusalWords(placement);
}
