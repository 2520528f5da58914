/**
 * Feeds the owner graph from watches of every kind, and names the uids that a change makes worth a look.
 *
 * Kinds that are built in or aggregated come from discovery at the start, custom ones from their definitions, with which
 * they also go. Events are left out, as upstream leaves them out: they expire by themselves and are many.
 */
import type { ICustomResourceDefinition } from "kubernetes-models/apiextensions.k8s.io/v1/CustomResourceDefinition";
import { CustomResourceDefinition, type Kind, kind, type KubeObject, type Stored } from "../../runtime/schema/mod.ts";
import {
  type Change,
  type Enqueue,
  type Informer,
  type LoopContext,
  ownInformer,
  sleep,
} from "../../runtime/loop/mod.ts";
import { discover, groupOf, preferred } from "../objects/discovery.ts";
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
  // What is known of a former term of leadership is followed anew: the graph is.
  feeding.kinds.clear();
  const synced = followDefinitions(feeding, context);
  await Promise.race([informers.of(CustomResourceDefinition).synced, sleep(clock, longestSyncMs, signal)]);
  const { kinds } = await discover(client);
  const watchable = preferred(kinds).filter(({ kind, verbs }) =>
    ["list", "watch", "delete"].every((verb) => verbs.includes(verb)) && kind.kind !== "Event"
  );
  for (const { kind } of watchable) {
    if (!feeding.kinds.has(idOf(kind))) synced.push(followKind(kind, informers.of(kind), feeding, signal));
  }
  await Promise.race([Promise.all(synced), sleep(clock, longestSyncMs, signal)]);
}

/** Follows each custom kind for as long as its definition lives; a promise for each that is there at the start. */
function followDefinitions(feeding: Feeding, context: LoopContext): Promise<void>[] {
  const { informers, signal } = context;
  const followed = new Map<string, AbortController>();
  const synced: Promise<void>[] = [];
  const definitions = informers.of(CustomResourceDefinition).onChange(({ type, object, key }) => {
    if (type === "DELETED") {
      // The kind stays known: what its objects owned must still be told from what nobody can judge.
      followed.get(key)?.abort();
      followed.delete(key);
    } else if (isEstablished(object) && !followed.has(key)) {
      const end = new AbortController();
      followed.set(key, end);
      const until = AbortSignal.any([signal, end.signal]);
      const kind = kindOf(object);
      synced.push(followKind(kind, ownInformer(kind, { ...context, signal: until }), feeding, until));
    }
  });
  signal.addEventListener("abort", () => definitions[Symbol.dispose](), { once: true });
  return synced;
}

function isEstablished({ status }: Stored<ICustomResourceDefinition>): boolean {
  return status?.conditions?.some(({ type, status }) => type === "Established" && status === "True") ?? false;
}

/** In the version that is stored, where it is served: nothing is converted then. */
function kindOf({ spec }: Stored<ICustomResourceDefinition>): Kind<KubeObject> {
  const served = spec.versions.filter(({ served }) => served);
  const version = served.find(({ storage }) => storage) ?? served[0] ?? spec.versions[0]!;
  return kind(`${spec.group}/${version.name}`, spec.names.kind, spec.names.plural, spec.scope === "Namespaced");
}

function idOf({ apiVersion, kind }: Kind<KubeObject>): string {
  return `${groupOf(apiVersion)}/${kind}`;
}

function followKind(
  kind: Kind<KubeObject>,
  informer: Informer<KubeObject>,
  { kinds, graph, enqueue }: Feeding,
  signal: AbortSignal,
): Promise<void> {
  kinds.set(idOf(kind), kind);
  const handler = informer.onChange((change) => {
    for (const uid of feed(kind, change, graph)) enqueue(uid);
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
