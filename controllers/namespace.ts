/**
 * Namespace life cycle: a namespace that is deleted loses its content, of every kind that the server knows at this moment,
 * and only then its finalizer.
 *
 * Laws: nothing is finalized while a kind could not be discovered or an object remains; conditions say what remains.
 */
import type { INamespace } from "kubernetes-models/v1/Namespace";
import {
  isReason,
  type Json,
  type KubeObject,
  Namespace,
  type ObjectMeta,
  Pod,
  type Stored,
} from "../runtime/schema/mod.ts";
import {
  type Client,
  type Controller,
  controller,
  done,
  mapped,
  type Outcome,
  requeueAfter,
  type Scope,
} from "../runtime/loop/mod.ts";
import { discover, pathOf, preferred, type ServedKind } from "./objects/discovery.ts";
import { contentConditions, type Emptying, type Remains } from "./namespace/content.ts";
import { messageOf } from "./objects/pod_template.ts";

/** Other finalizers end whenever their owners like, and kinds are not watched for it: look again. */
const lookAgainMs = 500;

const ownFinalizer = "kubernetes";

export const namespaces: Controller = controller(Namespace, {
  name: "namespace",
  workers: 10,
  // The end of its last pod is what a terminating namespace mostly waits for.
  watches: [mapped(Pod, ({ metadata }) => [metadata.namespace!], { when: ({ type }) => type === "DELETED" })],
  async reconcile(key, scope): Promise<Outcome> {
    const namespace = scope.read(key);
    if (!namespace?.metadata.deletionTimestamp) return done;
    if (!namespace.spec?.finalizers?.includes(ownFinalizer)) return done;
    const emptying = await empty(namespace.metadata.name, scope.client);
    const conditions = contentConditions(namespace.status?.conditions, emptying, scope.clock.now());
    await scope.status(namespace, { ...namespace.status, phase: "Terminating", conditions });
    if (!isEmpty(emptying)) return requeueAfter(lookAgainMs);
    await finalize(key, scope);
    return done;
  },
});

function isEmpty({ remains, undiscovered, failures }: Emptying): boolean {
  return undiscovered.length === 0 && failures.length === 0 && remains.every(({ count }) => count === 0);
}

async function empty(namespace: string, client: Client): Promise<Emptying> {
  const { kinds, failed } = await discover(client);
  const deletable = preferred(kinds).filter(({ kind, verbs }) =>
    kind.namespaced && verbs.includes("delete") && verbs.includes("list")
  );
  const undiscovered = failed.map(({ groupVersion, error }) => `${groupVersion}: ${messageOf(error)}`);
  const [pods, others] = [deletable.filter(isPods), deletable.filter((served) => !isPods(served))];
  const first = await emptyKinds(namespace, pods, client);
  if (!isEmpty({ ...first, undiscovered: [] })) return { ...first, undiscovered };
  const rest = await emptyKinds(namespace, others, client);
  return { remains: [...first.remains, ...rest.remains], failures: rest.failures, undiscovered };
}

/** What pods run on (secrets, policies) stays until the last of them is gone (KEP-5080). */
function isPods({ kind }: ServedKind): boolean {
  return kind.apiVersion === Pod.apiVersion && kind.plural === Pod.plural;
}

async function emptyKinds(namespace: string, kinds: readonly ServedKind[], client: Client) {
  const results = await Promise.allSettled(kinds.map((served) => emptyKind(namespace, served, client)));
  const remains: Remains[] = [], failures: string[] = [];
  for (const result of results) {
    if (result.status === "fulfilled") remains.push(result.value);
    else failures.push(messageOf(result.reason));
  }
  return { remains, failures };
}

async function emptyKind(namespace: string, served: ServedKind, client: Client): Promise<Remains> {
  const { kind } = served;
  // Most kinds are unused: one list tells, and a deletion would have to list again.
  if ((await metadataIn(namespace, served, client)).length === 0) return { kind, count: 0, finalizers: new Map() };
  await deleteAll(namespace, served, client);
  const finalizers = new Map<string, number>();
  let count = 0;
  for (const { finalizers: held = [] } of await metadataIn(namespace, served, client)) {
    count++;
    for (const name of held) finalizers.set(name, (finalizers.get(name) ?? 0) + 1);
  }
  return { kind, count, finalizers };
}

async function metadataIn(namespace: string, { kind }: ServedKind, client: Client): Promise<ObjectMeta[]> {
  const list = await client.list(kind, { namespace });
  return list.items.map(({ metadata }) => metadata);
}

async function deleteAll(namespace: string, served: ServedKind, client: Client): Promise<void> {
  const { kind, verbs } = served;
  const body: Json = { kind: "DeleteOptions", apiVersion: "v1", propagationPolicy: "Background" };
  if (verbs.includes("deletecollection")) {
    await client.raw("DELETE", pathOf(kind, { namespace }), body);
    return;
  }
  for (const { name } of await metadataIn(namespace, served, client)) {
    await deleteOne(namespace, name!, { served, client });
  }
}

async function deleteOne(namespace: string, name: string, { served, client }: { served: ServedKind; client: Client }) {
  try {
    await client.delete(served.kind, { namespace, name }, { propagationPolicy: "Background" });
  } catch (error) {
    if (!isReason(error, "NotFound")) throw error;
  }
}

/** Takes the finalizer off; the server then removes the namespace. */
async function finalize(name: string, { client }: Scope<INamespace>): Promise<void> {
  const live: Stored<KubeObject> | undefined = await client.get(Namespace, { name });
  const spec = live?.spec as { finalizers?: string[] } | undefined;
  if (!live?.metadata.deletionTimestamp || !spec?.finalizers) return;
  const finalizers = spec.finalizers.filter((finalizer) => finalizer !== ownFinalizer);
  const body = { ...live, apiVersion: "v1", kind: "Namespace", spec: { ...spec, finalizers } } as unknown as Json;
  try {
    await client.raw("PUT", `${pathOf(Namespace, { name })}/finalize`, body);
  } catch (error) {
    if (!isReason(error, "NotFound")) throw error;
  }
}
