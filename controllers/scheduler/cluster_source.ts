/**
 * Feeds the picture of the cluster from the informers, and makes pods due: new ones at once, waiting ones when something
 * has happened that could help them. Pods with a higher priority overtake.
 */
import type { INode } from "kubernetes-models/v1/Node";
import type { IPod } from "kubernetes-models/v1/Pod";
import type { Change, Enqueue, LoopContext, Source } from "../../runtime/loop/mod.ts";
import {
  CSIDriver,
  CSINode,
  CSIStorageCapacity,
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
import type { Happening } from "./plugin.ts";
import { podFacts } from "./pod_facts.ts";
import type { Profile } from "./profile.ts";
import type { SchedulerState } from "./scheduler_state.ts";

const storageKinds: readonly Kind<unknown>[] = [PersistentVolume, StorageClass, CSINode, CSIDriver, CSIStorageCapacity];

const deviceKinds: readonly Kind<unknown>[] = [DeviceClass, ResourceClaim, ResourceSlice];

export function clusterSource(stateOf: () => SchedulerState, profiles: readonly Profile[]): Source {
  return {
    async start(enqueue, context) {
      const feed = new Feed(stateOf(), enqueue, context, profiles);
      const { informers, signal } = context;
      feed.state.cluster.storage = storageView(informers);
      const devices = deviceView(informers, () => feed.help({ type: "deviceChanged" }));
      feed.state.cluster.devices = devices.view;
      const handlers = [
        ...devices.handlers,
        informers.of(Namespace).onChange(({ type, key, object }) => {
          if (type === "DELETED") feed.state.cluster.namespaces.delete(key);
          else feed.state.cluster.namespaces.set(key, object.metadata.labels ?? {});
        }),
        informers.of(Node).onChange((change) => feed.node(change)),
        informers.of(Pod).onChange((change) => feed.pod(change)),
        ...storageKinds.map((kind) => informers.of<unknown>(kind).onChange(() => feed.help({ type: "volumeChanged" }))),
        informers.of(PersistentVolumeClaim).onChange(({ key }) => feed.help({ type: "volumeChanged", claim: key })),
      ];
      const stop = () => handlers.forEach((handler) => handler[Symbol.dispose]());
      signal.addEventListener("abort", stop, { once: true });
      const aborted = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
      const synced = [Namespace, Node, Pod, PersistentVolumeClaim, ...storageKinds, ...deviceKinds].map((kind) =>
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
    if (type === "ADDED") this.help({ type: "nodeAdded", node: { name: key } });
    else if (!old || matters(object, old)) this.help({ type: "nodeChanged", node: { name: key } });
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
      return this.help({ type: "podGone", pod: podFacts(object) });
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
    if (!object.spec?.nodeName) this.help({ type: "podGone", pod: podFacts(object) });
  }

  #placed(pod: Stored<IPod>, node: string): void {
    const { cluster, waiting } = this.state;
    const known = cluster.podOf(pod.metadata.uid);
    const facts = podFacts(pod);
    waiting.leave(facts.key);
    cluster.place(facts, node);
    const isOther = known?.groupId !== facts.groupId;
    if (isOther) this.help({ type: "podPlaced", pod: facts });
    if (known && (isOther || !sameJson(known.requests, facts.requests))) this.help({ type: "podGone", pod: known });
  }

  help(happening: Happening): void {
    const { waiting, cluster } = this.state;
    for (const { pod: { key, priority }, afterMs } of waiting.helped(happening, cluster, this.context.clock.now())) {
      this.enqueue(key, { afterMs, priority });
    }
  }
}

/** A heartbeat is not a reason to try again. */
function matters(node: Stored<INode>, old: Stored<INode>): boolean {
  return !sameJson(node.spec, old.spec) || !sameJson(node.metadata.labels, old.metadata.labels) ||
    !sameJson(node.status?.allocatable, old.status?.allocatable);
}
