/**
 * Garbage collector: deletes what no living object owns any more, of every kind, custom ones included; carries out
 * foreground and orphan deletion. Its keys are uids.
 *
 * Laws: the graph only says what to look at; before anything is deleted the server is asked for the object and for owners
 * that the graph does not know; every write is bound to the uid that was judged.
 */
import { isReason, type KubeObject, type OwnerReference, type Stored } from "../runtime/schema/mod.ts";
import { type Controller, done, type LoopContext, type Outcome, requeueAfter } from "../runtime/loop/mod.ts";
import { groupOf } from "./objects/discovery.ts";
import { followKinds, type KnownKinds } from "./garbage_collector/sources.ts";
import { type ItemWorld, type OwnerState, planItem, type Step } from "./garbage_collector/plan.ts";
import { type GraphNode, nodeOf, OwnerGraph, waitsForDependents } from "./garbage_collector/owner_graph.ts";

/** An owner of a kind that nobody serves (yet): its dependents are looked at again now and then. */
const unknownKindMs = 30_000;

export function garbageCollector(): Controller {
  let graph = new OwnerGraph();
  const kinds: KnownKinds = new Map();
  return {
    name: "garbage-collector",
    eventSource: { component: "garbage-collector-controller" },
    workers: 16,
    start: () => void (graph = new OwnerGraph()),
    sources: [{ start: (enqueue, context) => followKinds({ graph, kinds, enqueue }, context) }],
    async reconcile(uid, context): Promise<Outcome> {
      const known = graph.get(uid);
      if (!known) return done;
      const live = await context.client.get(known.kind, known.ref);
      if (live?.metadata.uid !== uid) return done;
      const item = nodeOf(known.kind, live as Stored<KubeObject>);
      const owners = await Promise.all(item.owners.map((owner) => ownerState({ item, owner, graph, kinds }, context)));
      const step = planItem({ item, dependents: graph.dependentsOf(uid), owners });
      await carryOut(step, { item, live: live as Stored<KubeObject> }, context);
      return owners.includes("unknown") ? requeueAfter(unknownKindMs) : done;
    },
  };
}

interface Question {
  readonly item: GraphNode;
  readonly owner: OwnerReference;
  readonly graph: OwnerGraph;
  readonly kinds: KnownKinds;
}

async function ownerState({ item, owner, graph, kinds }: Question, context: LoopContext): Promise<OwnerState> {
  const known = graph.get(owner.uid);
  if (known && reaches(known, item)) return stateOf(known, owner);
  const kind = kinds.get(`${groupOf(owner.apiVersion)}/${owner.kind}`);
  if (!kind) return "unknown";
  const { namespace } = item.ref;
  if (kind.namespaced && !namespace) {
    tellMisplaced(item, owner, context);
    return "unknown";
  }
  const ref = kind.namespaced ? { namespace, name: owner.name } : { name: owner.name };
  const live = await context.client.get(kind, ref);
  if (live?.metadata.uid === owner.uid) return stateOf(nodeOf(kind, live as Stored<KubeObject>), owner);
  if (known) tellMisplaced(item, owner, context);
  return "absent";
}

/** A namespaced object can only be owned from within its namespace or by a cluster-scoped object. */
function reaches(owner: GraphNode, item: GraphNode): boolean {
  return owner.ref.namespace === undefined || owner.ref.namespace === item.ref.namespace;
}

function stateOf(owner: GraphNode, { blockOwnerDeletion }: OwnerReference): OwnerState {
  return waitsForDependents(owner) && blockOwnerDeletion ? "waiting" : "solid";
}

function tellMisplaced({ kind, ref, uid }: GraphNode, owner: OwnerReference, { recorder }: LoopContext): void {
  const about = { apiVersion: kind.apiVersion, kind: kind.kind, metadata: { ...ref, uid } };
  const { apiVersion, kind: ownerKind, name } = owner;
  const reference = `${apiVersion}/${ownerKind}, namespace: ${ref.namespace ?? ""}, name: ${name}, uid: ${owner.uid}`;
  const message = `ownerRef [${reference}] does not exist in namespace "${ref.namespace ?? ""}"`;
  recorder.event(about, "Warning", "OwnerRefInvalidNamespace", message);
}

interface Judged {
  readonly item: ItemWorld["item"];
  readonly live: Stored<KubeObject>;
}

async function carryOut(step: Step, judged: Judged, context: LoopContext): Promise<void> {
  const { item, live } = judged;
  switch (step.do) {
    case "nothing":
      return;
    case "delete":
      return await remove(step.policy, judged, context);
    case "disown":
      return await writeMetadata(item, live, { ownerReferences: without(item.owners, step.ownerUids) }, context);
    case "unblock": {
      const ownerReferences = item.owners.map((owner) => ({ ...owner, blockOwnerDeletion: false }));
      return await writeMetadata(item, live, { ownerReferences }, context);
    }
    case "orphan":
      await Promise.all(step.dependents.map((dependent) => letGo(dependent, item.uid, context)));
      return;
    case "dropFinalizer": {
      const finalizers = item.finalizers.filter((finalizer) => finalizer !== step.finalizer);
      return await writeMetadata(item, live, { finalizers }, context);
    }
  }
}

async function remove(policy: "Background" | "Foreground" | "Orphan", { item, live }: Judged, { client }: LoopContext) {
  const { uid, resourceVersion } = live.metadata;
  try {
    const preconditions = { uid, resourceVersion };
    await client.delete(item.kind, item.ref, { propagationPolicy: policy, preconditions });
  } catch (error) {
    if (!isReason(error, "NotFound")) throw error;
  }
}

function without(owners: readonly OwnerReference[], uids: readonly string[]): OwnerReference[] {
  return owners.filter(({ uid }) => !uids.includes(uid));
}

async function letGo(dependent: GraphNode, ownerUid: string, context: LoopContext): Promise<void> {
  const live = await context.client.get(dependent.kind, dependent.ref);
  if (live?.metadata.uid !== dependent.uid) return;
  const owners = live.metadata.ownerReferences ?? [];
  const ownerReferences = without(owners, [ownerUid]);
  if (ownerReferences.length === owners.length) return;
  await writeMetadata(dependent, live as Stored<KubeObject>, { ownerReferences }, context);
}

interface Metadata {
  readonly ownerReferences?: OwnerReference[];
  readonly finalizers?: string[];
}

/** A merge patch under the resourceVersion: every kind takes it, and nothing newer is overwritten. */
async function writeMetadata(
  { kind, ref }: GraphNode,
  live: Stored<KubeObject>,
  fields: Metadata,
  { client }: LoopContext,
): Promise<void> {
  const { uid, resourceVersion } = live.metadata;
  const lists = Object.fromEntries(
    Object.entries(fields).map(([field, list]) => [field, list.length > 0 ? structuredClone(list) : null]),
  );
  try {
    await client.patch(kind, ref, { type: "merge", body: { metadata: { uid, resourceVersion, ...lists } } });
  } catch (error) {
    if (!isReason(error, "NotFound")) throw error;
  }
}
