/**
 * Node life cycle: a node that falls silent becomes unknown, is tainted, and its pods are no longer ready; one that speaks
 * again is cleared.
 *
 * Laws: silence is measured by this process' own clock from what it last saw change (Lease or status), so that clocks of
 * nodes do not matter and a new leader gives every node the full grace; taints follow conditions, and those that drive
 * pods away also the state of their zone (see zones.ts).
 */
import type { INode } from "kubernetes-models/v1/Node";
import { isReason, Lease, Node, Pod } from "../runtime/schema/mod.ts";
import {
  type Controller,
  controller,
  done,
  mapped,
  type Outcome,
  patching,
  requeueAfter,
  sameJson,
  type Scope,
  seen,
} from "../runtime/loop/mod.ts";
import { timestamp, withCondition } from "./objects/conditions.ts";
import { graceMs, isExecuting, type NodeObject, silentConditions, taintsOf } from "./node_lifecycle/health_plan.ts";
import { emptyingPace, ZoneLimits, zoneOf } from "./node_lifecycle/zones.ts";
import { isReady, type PodObject } from "./objects/pod_state.ts";

const leases = "kube-node-lease";

/** How often the state of its zone is asked again for a node that is not emptied because of it. */
const zoneCheckMs = 10_000;

interface Sign {
  readonly mark: string;
  readonly atMs: number;
}

export function nodeLifecycle(): Controller {
  const signs = new Map<string, Sign>();
  const limits = new ZoneLimits();
  return controller(Node, {
    name: "node",
    start: () => signs.clear(),
    watches: [
      mapped(Lease, ({ metadata }) => [metadata.name], { namespace: leases }),
      mapped(Pod, ({ spec }) => (spec?.nodeName ? [spec.nodeName] : []), { when: ({ type }) => type === "ADDED" }),
    ],
    async reconcile(name, scope): Promise<Outcome> {
      const node = scope.read(name);
      if (!node) {
        signs.delete(name);
        return done;
      }
      const silentMs = silence(node, signs, scope);
      if (silentMs < graceMs) {
        const againMs = await taint(node, limits, scope);
        if (readiness(node) !== "True") await markPods(name, scope);
        return requeueAfter(Math.min(againMs, graceMs - silentMs));
      }
      const againMs = await silenced(node, limits, scope);
      await markPods(name, scope);
      return againMs === Infinity ? done : requeueAfter(againMs);
    },
  });
}

/** Milliseconds since the node last gave a sign of life that differs from the one before. */
function silence(node: NodeObject, signs: Map<string, Sign>, { informers, clock }: Scope<INode>): number {
  const { name } = node.metadata;
  const lease = informers.of(Lease, { namespace: leases }).get(`${leases}/${name}`);
  const heartbeat = node.status?.conditions?.find(({ type }) => type === "Ready")?.lastHeartbeatTime;
  const mark = `${lease?.spec?.renewTime} ${heartbeat}`;
  const last = signs.get(name);
  if (last?.mark === mark) return clock.now() - last.atMs;
  signs.set(name, { mark, atMs: clock.now() });
  return 0;
}

function readiness(node: NodeObject): string | undefined {
  return node.status?.conditions?.find(({ type }) => type === "Ready")?.status;
}

async function silenced(node: NodeObject, limits: ZoneLimits, scope: Scope<INode>): Promise<number> {
  const conditions = silentConditions(node, scope.clock.now());
  if (sameJson(conditions, node.status?.conditions)) return await taint(node, limits, scope);
  const next = { ...node, status: { ...node.status, conditions } };
  const written = await scope.client.update(Node, next, { subresource: "status" });
  await seen(Node, written, scope);
  const about = { ...node, apiVersion: "v1", kind: "Node" };
  scope.recorder.event(about, "Normal", "NodeNotReady", `Node ${node.metadata.name} status is now: NodeNotReady`);
  return await taint(written, limits, scope);
}

/** Returns the milliseconds after which its zone may let it be emptied; Infinity: it waits for nothing. */
async function taint(node: NodeObject, limits: ZoneLimits, { apply, clock, informers }: Scope<INode>): Promise<number> {
  const before = node.spec?.taints ?? [];
  const due = taintsOf(node, node.status?.conditions ?? [], clock.now());
  const waitMs = due.some(isExecuting)
    ? waitOf(node, limits, { nodes: informers.of(Node).list(), now: clock.now() })
    : 0;
  const taints = waitMs > 0 ? due.filter((taint) => !isExecuting(taint)) : due;
  if (!sameJson(taints, before)) {
    const { name, resourceVersion } = node.metadata;
    const body = {
      metadata: { resourceVersion },
      spec: { taints: taints.length > 0 ? structuredClone(taints) : null },
    };
    await apply([patching(Node, { name }, { type: "merge", body: body as never })]);
  }
  return waitMs > 0 ? Math.min(waitMs, zoneCheckMs) : Infinity;
}

interface Surroundings {
  readonly nodes: readonly NodeObject[];
  readonly now: number;
}

/** A node that is being emptied already needs no turn, but stops when its zone says so. */
function waitOf(node: NodeObject, limits: ZoneLimits, { nodes, now }: Surroundings): number {
  const pace = emptyingPace(nodes)(zoneOf(node));
  if (pace !== Infinity && node.spec?.taints?.some(isExecuting)) return 0;
  return limits.take(zoneOf(node), pace, now);
}

/** Its pods serve nobody as far as anyone can tell: endpoints must not lead there. */
async function markPods(node: string, scope: Scope<INode>): Promise<void> {
  const pods = scope.informers.of(Pod);
  pods.addIndex("node", ({ spec }) => (spec?.nodeName ? [spec.nodeName] : []));
  for (const pod of pods.by("node", node).filter(isReady)) await markNotReady(pod, scope);
}

async function markNotReady(pod: PodObject, { client, clock }: Scope<INode>): Promise<void> {
  const ready = { type: "Ready", status: "False", reason: "NodeNotReady" };
  const before = pod.status?.conditions?.find(({ type }) => type === "Ready");
  const now = timestamp(clock.now());
  const conditions = withCondition(pod.status?.conditions, { ...before, ...ready }, { now });
  try {
    await client.update(Pod, { ...pod, status: { ...pod.status, conditions } }, { subresource: "status" });
  } catch (error) {
    if (!isReason(error, "NotFound", "Conflict")) throw error;
  }
}
