/** `pods/binding`: the scheduler gives a pod its node, once. */
import type { KubeObject, Stored } from "../../schema/mod.ts";
import { copyJson } from "../objects/json_value.ts";
import { type Machinery, pathOf, timestamp } from "../objects/machinery.ts";
import { modify } from "../objects/modify.ts";
import { badRequest, conflict, otherUid } from "../objects/refusals.ts";
import type { Target, WriteCall } from "../operations.ts";
import { admitPosted } from "./admit_posted.ts";

interface Binding extends KubeObject {
  target?: { kind?: string; name?: string };
}

interface Pod extends KubeObject {
  spec: { nodeName?: string; schedulingGates?: unknown[] };
  status?: { conditions?: { type: string; [field: string]: unknown }[] };
}

/** Answers with a Status of success. Throws Conflict when the pod has a node already. */
export const binding = {
  async post(m: Machinery, target: Target, body: KubeObject, call: WriteCall): Promise<KubeObject> {
    await admitPosted(m, { ...target, subresource: "binding" }, body, call);
    const { target: node, metadata } = body as Binding;
    if (metadata?.name !== target.name) throw badRequest("name in URL does not match name in Binding object");
    if (!node?.name) throw badRequest("target.name: Required value");
    if (node.kind && node.kind !== "Node") {
      throw badRequest(`target.kind: Unsupported value: "${node.kind}": supported values: "Node", "<empty>"`);
    }
    const change = (live: Stored) => {
      checkBindable(target, live, metadata?.uid);
      return { object: bound(live, node.name!, body, timestamp(m.clock.now())), whole: true, managed: true };
    };
    await modify(m, target, { ...call, subresource: "binding", admitted: true }, change);
    return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 };
  },
};

function checkBindable(target: Target, live: Stored, uid: string | undefined): void {
  const { resource, name } = target;
  const part = { ...resource, plural: `${resource.plural}/binding` };
  const { spec } = live as unknown as Pod;
  if (uid && uid !== live.metadata.uid) throw otherUid(resource, pathOf(target), uid, live.metadata.uid);
  if (live.metadata.deletionTimestamp) {
    throw conflict(part, name, `pod ${name} is being deleted, cannot be assigned to a host`);
  }
  if (spec.nodeName) throw conflict(part, name, `pod ${name} is already assigned to node "${spec.nodeName}"`);
  if ((spec.schedulingGates?.length ?? 0) > 0) {
    throw conflict(part, name, `pod ${name} has non-empty .spec.schedulingGates`);
  }
}

/** Annotations and labels of the Binding go to the pod, as schedulers rely on. */
function bound(live: Stored, nodeName: string, { metadata }: KubeObject, now: string): KubeObject {
  const pod = copyJson(live) as unknown as Pod;
  pod.spec.nodeName = nodeName;
  if (metadata?.annotations) pod.metadata!.annotations = { ...pod.metadata!.annotations, ...metadata.annotations };
  if (metadata?.labels) pod.metadata!.labels = { ...pod.metadata!.labels, ...metadata.labels };
  const others = (pod.status?.conditions ?? []).filter(({ type }) => type !== "PodScheduled");
  const scheduled = { type: "PodScheduled", status: "True", lastProbeTime: null, lastTransitionTime: now };
  pod.status = { ...pod.status, conditions: [...others, scheduled] };
  return pod;
}
