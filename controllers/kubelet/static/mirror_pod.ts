/**
 * Mirror pods: what the API server shows of a static pod. The node makes one for each, makes it anew when somebody deletes
 * it, and takes it away with the static pod.
 *
 * Laws: a mirror is bound to its static pod by the hash in its annotation; deleting it ends no container.
 */
import type { INode } from "kubernetes-models/v1/Node";
import type { IPod } from "kubernetes-models/v1/Pod";
import { isReason, type Key, Node, Pod as PodKind, refOf, type Stored } from "../../../runtime/schema/mod.ts";
import type { Pod } from "../pod/pod.ts";
import type { Agent } from "../sync/agent.ts";

const mirrorAnnotation = "kubernetes.io/config.mirror";

/** Whoever made it: a pod that says so is no pod that containers are started for. */
export function isMirror({ metadata }: Pick<Stored, "metadata">): boolean {
  return metadata.annotations?.[mirrorAnnotation] !== undefined;
}

export function isMirrorOf({ metadata }: Pick<Stored, "metadata">, pod: Pick<Stored, "metadata">): boolean {
  return metadata.annotations?.[mirrorAnnotation] === pod.metadata.uid;
}

/** Pure. The Node owns it, so that it goes with the Node. */
export function mirrorOf(pod: Pod, { metadata }: Stored<INode>): IPod {
  const { name, namespace, labels, annotations, uid } = pod.metadata;
  const owner = { apiVersion: "v1", kind: "Node", name: metadata.name, uid: metadata.uid, controller: true };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      ...{ name, namespace, labels },
      annotations: { ...annotations, [mirrorAnnotation]: uid },
      ownerReferences: [owner],
    },
    spec: pod.spec,
  };
}

/** Brings the API server's view of the static pod in line. Throws when it can't be asked. */
export async function keepMirror(agent: Agent, key: Key): Promise<void> {
  const wanted = agent.pods.statics.get(key);
  const present = agent.pods.api.get(key);
  if (present) return isStale(present, wanted) ? await takeAway(agent, present) : undefined;
  if (wanted && !wanted.metadata.deletionTimestamp) await make(agent, wanted);
}

/** A pod of the name that is no mirror is none of our business. */
function isStale(present: Stored<IPod>, wanted: Pod | undefined): boolean {
  if (!isMirror(present)) return false;
  return !wanted || !isMirrorOf(present, wanted) || present.metadata.deletionTimestamp !== undefined;
}

async function takeAway({ context }: Agent, { metadata }: Stored<IPod>): Promise<void> {
  const { name, namespace, uid } = metadata;
  try {
    await context.client.delete(PodKind, { namespace, name }, { gracePeriodSeconds: 0, preconditions: { uid } });
  } catch (error) {
    if (!isReason(error, "NotFound", "Conflict")) throw error;
  }
}

async function make({ context: { client, log }, options }: Agent, pod: Pod): Promise<void> {
  const node = await client.get(Node, refOf(options.nodeName));
  if (!node) throw new Error(`the Node ${options.nodeName} is not registered yet`);
  try {
    await client.create(PodKind, mirrorOf(pod, node));
  } catch (error) {
    // It is there, and the informer will tell of it.
    if (isReason(error, "AlreadyExists")) return;
    // Trying again won't mend a refusal; the pod itself runs all the same.
    if (!isReason(error, "Forbidden", "Invalid")) throw error;
    log.warn("no mirror pod could be made", { pod: pod.metadata.name, error });
  }
}
