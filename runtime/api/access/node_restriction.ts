/**
 * NodeRestriction: what the Node authorizer cannot see because it stands in the body. A node writes its own Node, Lease and
 * CSINode, the status of its own pods, and tokens for their accounts.
 *
 * Source: https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#noderestriction
 */
import { nodeIdentity, nodeOf, referencesOf } from "../../auth/node/mod.ts";
import { groupResourceOf, sameJson, type Stored } from "../../schema/mod.ts";
import type { AdmissionPlugin, AdmissionRequest, ClusterView } from "../admission/admission.ts";
import { forbidden } from "../objects/refusals.ts";
import { forbiddenLabels } from "./node_labels.ts";

interface Question {
  readonly node: string;
  readonly request: AdmissionRequest;
  readonly view: ClusterView;
}

/** Why it may not be, or nothing. */
type Rule = (question: Question) => string | undefined;

const rules: Readonly<Record<string, Rule>> = {
  "pods": pod,
  "nodes": ownNode,
  "serviceaccounts": token,
  "leases.coordination.k8s.io": ownName("can only access node lease with the same name as the requesting node"),
  "csinodes.storage.k8s.io": ownName("can only access CSINode with the same name as the requesting node"),
  "resourceslices.resource.k8s.io": resourceSlice,
  "persistentvolumeclaims": ({ node, request: { subresource } }) =>
    subresource === "status" ? undefined : `node "${node}" may only update PVC status`,
  "endpointslices.discovery.k8s.io": dnsSlice,
  "services": ({ node, request: { name } }) =>
    name === dnsService ? undefined : `node "${node}" may only create the Service ${dnsService}`,
};

const dnsService = "kube-dns";

export const nodeRestriction: AdmissionPlugin = {
  name: "NodeRestriction",
  validate(request, view) {
    const node = nodeIdentity(request.user);
    if (node === undefined) return;
    const why = rules[groupResourceOf(request.resource)]?.({ node, request, view });
    if (why) throw forbidden(request.resource, request.name, why);
  },
};

function pod(question: Question): string | undefined {
  const { node, request: { operation, subresource, old } } = question;
  if (subresource === "status") return podStatus(question);
  if (subresource === "eviction") {
    return isOn(podOf(question), node)
      ? undefined
      : `node ${node} can only evict pods with spec.nodeName set to itself`;
  }
  if (subresource) return `unexpected pod subresource "${subresource}", only 'status' and 'eviction' are allowed`;
  if (operation === "CREATE") return mirrorPod(question);
  if (operation === "DELETE" && isOn(old, node)) return undefined;
  return operation === "DELETE"
    ? `node "${node}" can only delete pods with spec.nodeName set to itself`
    : `unexpected operation "${operation}"`;
}

function podOf({ request: { namespace, name, old }, view }: Question): Stored | undefined {
  return old ?? view.get("", "pods", namespace, name);
}

function isOn(pod: Stored | undefined, node: string): boolean {
  return pod !== undefined && nodeOf(pod) === node;
}

function podStatus({ node, request: { object, old } }: Question): string | undefined {
  if (!isOn(old, node)) return `node "${node}" can only update pod status for pods with spec.nodeName set to itself`;
  const labels = object?.metadata?.labels ?? {};
  return sameJson(labels, old?.metadata.labels ?? {})
    ? undefined
    : `node "${node}" cannot update labels through pod status`;
}

const mirrorAnnotation = "kubernetes.io/config.mirror";

function mirrorPod({ node, request, view }: Question): string | undefined {
  const made = request.object as Stored;
  const { annotations, ownerReferences = [] } = made.metadata;
  if (annotations?.[mirrorAnnotation] === undefined) {
    return `pod does not have "${mirrorAnnotation}" annotation, node "${node}" can only create mirror pods`;
  }
  if (nodeOf(made) !== node) return `node "${node}" can only create pods with spec.nodeName set to itself`;
  const [owner, more] = ownerReferences;
  if (!owner || more || owner.kind !== "Node" || owner.name !== node) {
    return `node "${node}" can only create pods with an owner reference set to itself`;
  }
  const uid = view.get("", "nodes", "", node)?.metadata.uid;
  if (uid !== owner.uid) return `node ${node} UID mismatch: expected ${owner.uid} got ${uid}`;
  return referenceOf(made, node);
}

/** A mirror pod that names a secret would open the secret to its node. */
function referenceOf(made: Stored, node: string): string | undefined {
  const plain = { ...made, metadata: { ...made.metadata, annotations: {} } };
  const [, reference] = [...referencesOf(plain)];
  return reference && `node "${node}" can not create pods that reference ${reference.split(" ")[0]}`;
}

function ownNode({ node, request }: Question): string | undefined {
  const { operation, name, object, old } = request;
  if (name !== node) return `node "${node}" is not allowed to modify node "${name}"`;
  const labels = forbiddenLabels(object?.metadata?.labels, old?.metadata.labels);
  if (operation !== "DELETE" && labels.length > 0) {
    const list = labels.join(", ");
    return operation === "CREATE"
      ? `node "${node}" is not allowed to set the following labels: ${list}`
      : `is not allowed to modify labels: ${list}`;
  }
  if (operation !== "UPDATE") return undefined;
  const [now, before] = [object, old].map((one) =>
    one as { spec?: { taints?: [] }; metadata?: { ownerReferences?: [] } }
  );
  if (!sameJson(now?.spec?.taints ?? [], before?.spec?.taints ?? [])) {
    return `node "${node}" is not allowed to modify taints`;
  }
  const owners = [now, before].map((one) => one?.metadata?.ownerReferences ?? []);
  return sameJson(owners[0], owners[1]) ? undefined : `node "${node}" is not allowed to modify ownerReferences`;
}

interface TokenSpec {
  readonly boundObjectRef?: { readonly kind?: string; readonly name?: string; readonly uid?: string };
}

function token({ node, request, view }: Question): string | undefined {
  if (request.subresource !== "token") return undefined;
  const { boundObjectRef: bound } = (request.object as { spec?: TokenSpec }).spec ?? {};
  if (bound?.kind !== "Pod" || !bound.name) return "node requested token not bound to a pod";
  if (!bound.uid) return "node requested token with a pod binding without a uid";
  const pod = view.get("", "pods", request.namespace, bound.name);
  if (pod?.metadata.uid !== bound.uid) {
    return `the UID in the bound object reference (${bound.uid}) does not match the UID in record. ` +
      "The object might have been deleted and then recreated";
  }
  return isOn(pod, node) ? undefined : "node requested token bound to a pod scheduled on a different node";
}

function ownName(why: string): Rule {
  return ({ node, request: { name } }) => name === node ? undefined : why;
}

function resourceSlice({ node, request: { object, old, operation } }: Question): string | undefined {
  const slice = operation === "DELETE" ? old : object as Stored;
  if (slice && nodeOf(slice) === node) return undefined;
  return operation === "DELETE"
    ? "can only delete ResourceSlice with the same NodeName as the requesting node"
    : "can only create ResourceSlice with the same NodeName as the requesting node";
}

/** Each node answers DNS and says so in a slice of its own; that of a node that is gone may go. */
function dnsSlice({ node, request: { name, operation }, view }: Question): string | undefined {
  if (name === `${dnsService}-${node}`) return undefined;
  const other = name.startsWith(`${dnsService}-`) ? name.slice(dnsService.length + 1) : undefined;
  if (operation === "DELETE" && other && !view.get("", "nodes", "", other)) return undefined;
  return `node "${node}" may only write the EndpointSlice ${dnsService}-${node}`;
}
