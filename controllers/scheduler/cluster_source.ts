/**
 * Feeds the picture of the cluster from the informers, and makes pods due: new ones at once, waiting ones when something
 * has happened that could help them. Pods with a higher priority overtake.
 */
import type { INode } from "kubernetes-models/v1/Node";
import type { IPod } from "kubernetes-models/v1/Pod";
import type { Change, Enqueue, LoopContext, Source } from "../../runtime/loop/mod.ts";
import {
  CSINode,
  DeviceClass,
  type Kind,
  Namespace,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  ResourceClaim,
  ResourceSlice,
  sameJson,
  StorageClass,
  type Stored,
} from "../../runtime/schema/mod.ts";
import { deviceView } from "./devices/device_view.ts";
import { storageView } from "./storage_view.ts";
import { isOver, isReasonToTry, profileFor } from "./pending_pod.ts";
import type { ClusterEvent } from "./plugin.ts";
import { podFacts } from "./pod_facts.ts";
import type { Profile } from "./profile.ts";
import type { SchedulerState } from "./scheduler_state.ts";

const storageKinds: readonly Kind<unknown>[] = [PersistentVolume, PersistentVolumeClaim, StorageClass, CSINode];

const deviceKinds: readonly Kind<unknown>[] = [DeviceClass, ResourceClaim, ResourceSlice];

export function clusterSource(stateOf: () => SchedulerState, profiles: readonly Profile[]): Source {
  return {
    async start(enqueue, context) {
      const feed = new Feed(stateOf(), enqueue, context, profiles);
      const { informers, signal } = context;
      feed.state.cluster.storage = storageView(informers);
      const devices = deviceView(informers, () => feed.device());
      feed.state.cluster.devices = devices.view;
      const handlers = [
        ...devices.handlers,
        informers.of(Namespace).onChange(({ type, key, object }) => {
          if (type === "DELETED") feed.state.cluster.namespaces.delete(key);
          else feed.state.cluster.namespaces.set(key, object.metadata.labels ?? {});
        }),
        informers.of(Node).onChange((change) => feed.node(change)),
        informers.of(Pod).onChange((change) => feed.pod(change)),
        ...storageKinds.map((kind) => informers.of<unknown>(kind).onChange(() => feed.volume())),
      ];
      const stop = () => handlers.forEach((handler) => handler[Symbol.dispose]());
      signal.addEventListener("abort", stop, { once: true });
      const aborted = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
      const synced = [Namespace, Node, Pod, ...storageKinds, ...deviceKinds].map((kind) =>
        informers.of<unknown>(kind).synced
      );
      await Promise.race([aborted, Promise.all(synced)]);
    },
  };
}

class Feed {
  constructor(
    readonly state: SchedulerState,
    private readonly enqueue: Enqueue,
    private readonly context: LoopContext,
    private readonly profiles: readonly Profile[],
  ) {}

  node({ type, key, object, old }: Change<INode>): void {
    const { cluster } = this.state;
    if (type === "DELETED") return cluster.removeNode(key);
    cluster.setNode(object);
    if (type === "ADDED") this.#help("nodeAdded");
    else if (!old || matters(object, old)) this.#help("nodeChanged");
  }

  device(): void {
    this.#help("deviceChanged");
  }

  volume(): void {
    this.#help("volumeChanged");
  }

  pod(change: Change<IPod>): void {
    const { type, key, object } = change;
    const { cluster, waiting } = this.state;
    const nodeName = object.spec?.nodeName;
    this.#promised(change);
    if (type === "DELETED" || isOver(object)) {
      waiting.leave(key);
      if (!cluster.nodeOf(object.metadata.uid)) return;
      cluster.remove(object.metadata.uid);
      return this.#help("podGone");
    }
    if (nodeName) return this.#placed(object, nodeName);
    if (!profileFor(object, this.profiles)) return waiting.leave(key);
    if (isReasonToTry(change)) this.enqueue(key, { priority: object.spec?.priority ?? 0 });
  }

  /** A promise is known here before the API tells of it: only a change of it counts. */
  #promised({ type, object, old }: Change<IPod>): void {
    const { nominations } = this.state.cluster;
    const { uid } = object.metadata;
    const node = object.status?.nominatedNodeName;
    if (this.state.cluster.nodeOf(uid)) return;
    const isOpen = type !== "DELETED" && !isOver(object) && !object.spec?.nodeName;
    if (isOpen && (type === "ADDED" || node !== old?.status?.nominatedNodeName)) {
      if (node) nominations.set(podFacts(object), node);
      else nominations.remove(uid);
    }
    if (isOpen || !nominations.nodeOf(uid)) return;
    nominations.remove(uid);
    if (!object.spec?.nodeName) this.#help("podGone");
  }

  #placed(pod: Stored<IPod>, node: string): void {
    const { cluster, waiting } = this.state;
    const known = cluster.podOf(pod.metadata.uid);
    const facts = podFacts(pod);
    waiting.leave(facts.key);
    cluster.place(facts, node);
    if (known?.groupId !== facts.groupId) this.#help("podPlaced");
  }

  #help(event: ClusterEvent): void {
    for (const { key, afterMs } of this.state.waiting.helped(event, this.context.clock.now())) {
      const priority = this.context.informers.of(Pod).get(key)?.spec?.priority ?? 0;
      this.enqueue(key, { afterMs, priority });
    }
  }
}

/** A heartbeat is not a reason to try again. */
function matters(node: Stored<INode>, old: Stored<INode>): boolean {
  return !sameJson(node.spec, old.spec) || !sameJson(node.metadata.labels, old.metadata.labels) ||
    !sameJson(node.status?.allocatable, old.status?.allocatable);
}
