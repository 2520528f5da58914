/**
 * Fake nodes: plays the kubelets of nodes that have no machine, so that operators, schedulers and scripts can be tried on
 * a large cluster without one. Registers its own, and keeps alive every Node that carries the label `d8s.io/node=fake`:
 * who adds such a Node gets one of the size that its status says; who takes the label away makes it fall silent.
 *
 * It is not a kubelet: no image is pulled, nothing runs, there are no logs and nothing can be executed.
 *
 * Laws: only nodes with the label are touched; no two pods of these nodes have the same address; a pod waits until
 * its node has a subnet; a node that was deleted
 * does not come back before the next start; a pod that was told to go leaves, its finalizers permitting.
 */
import type { IPod } from "kubernetes-models/v1/Pod";
import type { INode } from "kubernetes-models/v1/Node";
import { isReason, keyOf, Lease, Node, Pod, refOf } from "../runtime/schema/mod.ts";
import {
  type Controller,
  controller,
  done,
  mapped,
  type Outcome,
  requeueAfter,
  type Scope,
  seen,
  type Source,
} from "../runtime/loop/mod.ts";
import { beatOf, untilBeat } from "./fake_nodes/beat.ts";
import { fakeNode, fakeNodeNames, isFake, type NodeObject, readyStatus } from "./fake_nodes/node_plan.ts";
import { freeAddresses } from "./fake_nodes/pod_addresses.ts";
import { type PodStep, stepOf } from "./fake_nodes/pod_plan.ts";
import type { PodObject } from "./objects/pod_state.ts";

const leases = "kube-node-lease";
const leaseSeconds = 40;

interface Fleet {
  /** Names that are still to be registered. */
  readonly unregistered: Set<string>;
}

export function fakeNodes({ count }: { readonly count: number }): Controller {
  const fleet: Fleet = { unregistered: new Set() };
  const names = fakeNodeNames(count);
  const registration: Source = { start: (enqueue) => names.forEach((name) => enqueue(name)) };
  return controller(Node, {
    name: "fake-nodes",
    // Each waits for the store.
    workers: 64,
    watches: [
      registration,
      mapped(Pod, ({ spec }) => (spec?.nodeName ? [spec.nodeName] : [])),
    ],
    start({ informers }) {
      for (const name of names) fleet.unregistered.add(name);
      informers.of(Pod).addIndex("node", ({ spec }) => (spec?.nodeName ? [spec.nodeName] : []));
    },
    reconcile: (name, scope) => play(name, fleet, scope),
  });
}

async function play(name: string, fleet: Fleet, scope: Scope<INode>): Promise<Outcome> {
  const node = scope.read(name) ?? await register(name, fleet, scope);
  fleet.unregistered.delete(name);
  if (!node || !isFake(node)) return done;
  const status = readyStatus(node, scope.clock.now());
  if (status) await scope.status(node, status);
  await playPods(node, scope);
  return done;
}

async function register(name: string, { unregistered }: Fleet, { client }: Scope<INode>) {
  if (!unregistered.has(name)) return undefined;
  try {
    return await client.create(Node, fakeNode(name));
  } catch (error) {
    if (isReason(error, "AlreadyExists")) return undefined;
    throw error;
  }
}

/** Pods wait for the node's subnet, as they would for its network. What is written has been seen when this returns. */
async function playPods(node: NodeObject, scope: Scope<INode>): Promise<void> {
  const { podCIDR } = node.spec ?? {};
  if (!podCIDR) return;
  const pods = scope.informers.of(Pod).by("node", node.metadata.name);
  const addresses = freeAddresses(podCIDR, pods);
  const hostIp = node.status?.addresses?.find(({ type }) => type === "InternalIP")?.address;
  const now = scope.clock.now();
  await Promise.all(pods.map(async (pod) => {
    const step = stepOf(pod, { now, hostIp, address: () => addresses.next().value });
    try {
      if (step) await take(step, pod, scope);
    } catch (error) {
      // It changed or went meanwhile: that makes its node due again.
      if (!isReason(error, "NotFound", "Conflict")) throw error;
    }
  }));
}

async function take(step: PodStep, pod: PodObject, scope: Scope<INode>): Promise<void> {
  const { client } = scope;
  if (step.do === "remove") {
    const preconditions = { uid: pod.metadata.uid };
    return await client.delete(Pod, refOf(keyOf(pod)), { gracePeriodSeconds: 0, preconditions });
  }
  const next: IPod = { ...pod, status: step.status };
  await seen(Pod, await client.update(Pod, next, { subresource: "status" }), scope);
}

/** Renews the Leases of fake nodes; a loop of its own, so that a beat costs nothing for a node's pods. */
export function fakeNodeLeases(): Controller {
  /** When a node's renewals are due: kept, so that a fleet that was held up once does not beat as one. */
  const beats = new Map<string, number>();
  return controller(Node, {
    name: "fake-node-leases",
    // Those of a beat are due together, and each waits for the store.
    workers: 64,
    start: () => beats.clear(),
    async reconcile(name, scope): Promise<Outcome> {
      const node = scope.read(name);
      if (!node || !isFake(node)) {
        beats.delete(name);
        return done;
      }
      await renew(node, scope);
      const beat = beats.get(name) ?? beatOf(scope.random());
      beats.set(name, beat);
      return requeueAfter(untilBeat(beat, scope.clock.now()));
    },
  });
}

async function renew({ metadata: { name, uid } }: NodeObject, { clock, client }: Scope<INode>): Promise<void> {
  const renewTime = `${new Date(clock.now()).toISOString().slice(0, -1)}000Z`;
  const spec = { holderIdentity: name, leaseDurationSeconds: leaseSeconds, renewTime };
  const ownerReferences = [{ apiVersion: "v1", kind: "Node", name, uid }];
  const metadata = { namespace: leases, name, ownerReferences };
  try {
    await client.patch(Lease, { namespace: leases, name }, { type: "merge", body: { spec } });
  } catch (error) {
    if (!isReason(error, "NotFound")) throw error;
    await client.create(Lease, { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata, spec });
  }
}
