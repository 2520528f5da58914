/**
 * One node and the sum of what is placed on it. Placing and taking away a pod costs the size of the pod, whatever is
 * there already.
 */
import type { INode } from "kubernetes-models/v1/Node";
import type { Stored } from "../../runtime/schema/mod.ts";
import { addAmounts, type Amounts, amountsOf } from "./amounts.ts";
import type { HostPort, PodFacts } from "./pod_facts.ts";

export interface Taint {
  readonly key: string;
  readonly value?: string;
  readonly effect: string;
}

export class NodeState {
  /** Absent while only its pods are known. */
  node?: Stored<INode>;
  labels: Readonly<Record<string, string>> = {};
  taints: readonly Taint[] = [];
  unschedulable = false;
  allocatable: Amounts = {};
  /** Image name to bytes. */
  images: ReadonlyMap<string, number> = new Map();
  readonly used: Record<string, number> = {};
  readonly scoredUse: Record<string, number> = {};
  readonly #pods = new Map<string, PodFacts>();
  readonly #ports = new Map<string, number>();

  constructor(readonly name: string) {}

  get podCount(): number {
    return this.#pods.size;
  }

  describe(node: Stored<INode> | undefined): void {
    this.node = node;
    this.labels = node?.metadata.labels ?? {};
    this.taints = node?.spec?.taints ?? [];
    this.unschedulable = node?.spec?.unschedulable ?? false;
    this.allocatable = amountsOf(node?.status?.allocatable ?? node?.status?.capacity);
    this.images = imagesOf(node);
  }

  add(pod: PodFacts): void {
    this.remove(pod.uid);
    this.#pods.set(pod.uid, pod);
    this.#count(pod, 1);
  }

  remove(uid: string): void {
    const pod = this.#pods.get(uid);
    if (!pod) return;
    this.#pods.delete(uid);
    this.#count(pod, -1);
  }

  pods(): Iterable<PodFacts> {
    return this.#pods.values();
  }

  /** A port on the wildcard address collides with the same port on any address. */
  hasPort({ ip, protocol, port }: HostPort): boolean {
    if (this.#ports.size === 0) return false;
    if (ip === wildcard) return this.#ports.has(portId("any", protocol, port));
    return this.#ports.has(portId(ip, protocol, port)) || this.#ports.has(portId(wildcard, protocol, port));
  }

  #count(pod: PodFacts, sign: 1 | -1): void {
    addAmounts(this.used, pod.requests, sign);
    addAmounts(this.scoredUse, pod.scored, sign);
    for (const { ip, protocol, port } of pod.hostPorts) {
      bump(this.#ports, portId(ip, protocol, port), sign);
      bump(this.#ports, portId("any", protocol, port), sign);
    }
  }
}

const wildcard = "0.0.0.0";

function portId(ip: string, protocol: string, port: number): string {
  return `${ip}/${protocol}/${port}`;
}

/** Counts what there is; zero is absent. */
export function bump<K>(counts: Map<K, number>, key: K, by: number): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}

function imagesOf(node: Stored<INode> | undefined): Map<string, number> {
  const images = new Map<string, number>();
  for (const { names = [], sizeBytes = 0 } of node?.status?.images ?? []) {
    for (const name of names) images.set(name, sizeBytes);
  }
  return images;
}
