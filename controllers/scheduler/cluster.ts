/**
 * The scheduler's picture of the cluster, kept up to date by single changes.
 *
 * Laws: a pod counts on one node at most, and once, however often it is told: one that is placed is no longer promised a
 * node; a pod that was placed here and is not yet seen in the API (assumed) counts like one that is; the cost of a change does not grow with the pods there are.
 */
import type { INode } from "kubernetes-models/v1/Node";
import type { Key, Stored } from "../../runtime/schema/mod.ts";
import { type DeviceView, noDevices } from "./devices/device_view.ts";
import { bump, NodeState } from "./node_state.ts";
import type { PodFacts } from "./pod_facts.ts";
import { Nominations } from "./nominations.ts";
import { PodGroups } from "./pod_groups.ts";
import { noStorage, type StorageView } from "./storage_view.ts";

interface Placed {
  readonly pod: PodFacts;
  readonly node: string;
  readonly assumed: boolean;
}

export class Cluster {
  /** Nodes that exist, in the order in which they came. */
  nodes: readonly NodeState[] = [];
  readonly groups = new PodGroups();
  readonly nominations = new Nominations();
  storage: StorageView = noStorage;
  devices: DeviceView = noDevices;
  /** Image name to the number of nodes that have it. */
  readonly imageNodes = new Map<string, number>();
  /** Labels of each namespace, for rules that select namespaces. */
  readonly namespaces = new Map<string, Readonly<Record<string, string>>>();
  readonly #states = new Map<string, NodeState>();
  readonly #placed = new Map<string, Placed>();
  readonly #claimUsers = new Map<Key, number>();
  /** Uid of a controller to its pods on each node. */
  readonly #owners = new Map<string, Map<string, number>>();

  node(name: string): NodeState | undefined {
    const state = this.#states.get(name);
    return state?.node ? state : undefined;
  }

  setNode(node: Stored<INode>): void {
    const state = this.#state(node.metadata.name);
    const isNew = !state.node;
    this.#countImages(state, -1);
    state.describe(node);
    this.#countImages(state, 1);
    if (isNew) this.nodes = [...this.nodes, state];
  }

  removeNode(name: string): void {
    const state = this.#states.get(name);
    if (!state) return;
    this.#countImages(state, -1);
    state.describe(undefined);
    this.nodes = this.nodes.filter((node) => node !== state);
    this.#dropEmpty(state);
  }

  /** Placed by somebody, as the API says. */
  place(pod: PodFacts, node: string): void {
    this.nominations.remove(pod.uid);
    this.#put({ pod, node, assumed: false });
  }

  /** Placed by us; the API does not say so yet. */
  assume(pod: PodFacts, node: string): void {
    this.nominations.remove(pod.uid);
    this.#put({ pod, node, assumed: true });
  }

  /** The binding failed: takes back what was only assumed. */
  forget(uid: string): void {
    if (this.#placed.get(uid)?.assumed) this.remove(uid);
  }

  remove(uid: string): void {
    const placed = this.#placed.get(uid);
    if (!placed) return;
    this.#placed.delete(uid);
    const { pod, node } = placed;
    const state = this.#states.get(node)!;
    state.remove(uid);
    this.groups.remove(pod, node);
    this.#countOwner(pod, node, -1);
    for (const key of pod.claims) bump(this.#claimUsers, key, -1);
    this.#dropEmpty(state);
  }

  /** What would be if this pod were on that node; the function returned takes it away again. */
  pretend(pod: PodFacts, node: string): () => void {
    this.#put({ pod, node, assumed: true });
    return () => this.remove(pod.uid);
  }

  /** What would be without this placed pod; the function returned puts it back as it was. */
  lift(uid: string): () => void {
    const placed = this.#placed.get(uid);
    if (!placed) return () => {};
    this.remove(uid);
    return () => this.#put(placed);
  }

  nodeOf(uid: string): string | undefined {
    return this.#placed.get(uid)?.node;
  }

  podOf(uid: string): PodFacts | undefined {
    return this.#placed.get(uid)?.pod;
  }

  /** Pods of one controller on each node. */
  siblings(owner: string): ReadonlyMap<string, number> {
    return this.#owners.get(owner) ?? none;
  }

  /** How many placed pods use the claim. */
  claimUsers(key: Key): number {
    return this.#claimUsers.get(key) ?? 0;
  }

  #put(placed: Placed): void {
    const { pod, node } = placed;
    this.remove(pod.uid);
    this.#placed.set(pod.uid, placed);
    this.#state(node).add(pod);
    this.groups.add(pod, node);
    this.#countOwner(pod, node, 1);
    for (const key of pod.claims) bump(this.#claimUsers, key, 1);
  }

  #state(name: string): NodeState {
    const known = this.#states.get(name);
    if (known) return known;
    const state = new NodeState(name);
    this.#states.set(name, state);
    return state;
  }

  #dropEmpty(state: NodeState): void {
    if (!state.node && state.podCount === 0) this.#states.delete(state.name);
  }

  #countOwner({ owner }: PodFacts, node: string, by: 1 | -1): void {
    if (!owner) return;
    const counts = this.#owners.get(owner) ?? new Map();
    bump(counts, node, by);
    if (counts.size > 0) this.#owners.set(owner, counts);
    else this.#owners.delete(owner);
  }

  #countImages(state: NodeState, by: 1 | -1): void {
    for (const name of state.images.keys()) bump(this.imageNodes, name, by);
  }
}

const none: ReadonlyMap<string, number> = new Map();
