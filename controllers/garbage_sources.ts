/**
 * Feeds the owner graph from watches of every kind, and names the uids that a change makes worth a look.
 *
 * Kinds come from discovery at the start and from CustomResourceDefinitions afterwards. Events are left out, as upstream
 * leaves them out: they expire by themselves and are many.
 */
import type { ICustomResourceDefinition } from "kubernetes-models/apiextensions.k8s.io/v1/CustomResourceDefinition";
import { CustomResourceDefinition, type Kind, kind, type KubeObject, type Stored } from "../runtime/schema/mod.ts";
import { type Change, type Enqueue, type LoopContext, sleep } from "../runtime/loop/mod.ts";
import { discover, groupOf, preferred } from "./discovery.ts";
import { type GraphNode, nodeOf, orphansDependents, type OwnerGraph, waitsForDependents } from "./owner_graph.ts";

/** `group/Kind` to the kind as it is watched. */
export type KnownKinds = Map<string, Kind<KubeObject>>;

export interface Feeding {
  readonly graph: OwnerGraph;
  readonly kinds: KnownKinds;
  readonly enqueue: Enqueue;
}

/** A kind that cannot be listed must not keep the others from being collected. */
const longestSyncMs = 10_000;

/** Resolves when every kind of the start is in the graph. */
export async function followKinds(feeding: Feeding, context: LoopContext): Promise<void> {
  const { informers, clock, signal, client } = context;
  const { kinds } = await discover(client);
  const watchable = preferred(kinds).filter(({ kind, verbs }) =>
    ["list", "watch", "delete"].every((verb) => verbs.includes(verb)) && kind.kind !== "Event"
  );
  // What is known of a former term of leadership is followed anew: the graph is.
  feeding.kinds.clear();
  const synced = watchable.map((served) => followKind(served.kind, feeding, context));
  const definitions = informers.of(CustomResourceDefinition).onChange(({ type, object }) => {
    if (type !== "DELETED" && isEstablished(object)) void followKind(kindOf(object), feeding, context);
  });
  signal.addEventListener("abort", () => definitions[Symbol.dispose](), { once: true });
  await Promise.race([Promise.all(synced), sleep(clock, longestSyncMs, signal)]);
}

function isEstablished({ status }: Stored<ICustomResourceDefinition>): boolean {
  return status?.conditions?.some(({ type, status }) => type === "Established" && status === "True") ?? false;
}

function kindOf({ spec }: Stored<ICustomResourceDefinition>): Kind<KubeObject> {
  const version = spec.versions.find(({ storage }) => storage) ?? spec.versions[0]!;
  return kind(`${spec.group}/${version.name}`, spec.names.kind, spec.names.plural, spec.scope === "Namespaced");
}

function followKind(kind: Kind<KubeObject>, feeding: Feeding, { informers, signal }: LoopContext): Promise<void> {
  const id = `${groupOf(kind.apiVersion)}/${kind.kind}`;
  if (feeding.kinds.has(id)) return Promise.resolve();
  feeding.kinds.set(id, kind);
  const informer = informers.of(kind);
  const handler = informer.onChange((change) => {
    for (const uid of feed(kind, change as Change<KubeObject>, feeding.graph)) feeding.enqueue(uid);
  });
  signal.addEventListener("abort", () => handler[Symbol.dispose](), { once: true });
  return informer.synced;
}

/** Puts the change into the graph; returns the uids that it may make due. */
export function feed(kind: Kind<KubeObject>, { type, object }: Change<KubeObject>, graph: OwnerGraph): string[] {
  const { uid } = object.metadata;
  const before = graph.get(uid);
  if (type === "DELETED") {
    graph.remove(uid);
    return [...graph.dependentsOf(uid).map((dependent) => dependent.uid), ...waitingOwners(before, graph)];
  }
  const node = nodeOf(kind, object);
  graph.set(node);
  const due = [...waitingOwners(before, graph), ...waitingOwners(node, graph)];
  if (node.owners.length > 0 || waitsForDependents(node) || orphansDependents(node)) due.push(uid);
  // Its dependents must go first: they learn of it here.
  if (waitsForDependents(node) && !(before && waitsForDependents(before))) {
    due.push(...graph.dependentsOf(uid).map((dependent) => dependent.uid));
  }
  return due;
}

function waitingOwners(node: GraphNode | undefined, graph: OwnerGraph): string[] {
  const owners = (node?.owners ?? []).map(({ uid }) => graph.get(uid)).filter((owner) => owner !== undefined);
  return owners.filter((owner) => waitsForDependents(owner) || orphansDependents(owner)).map(({ uid }) => uid);
}
