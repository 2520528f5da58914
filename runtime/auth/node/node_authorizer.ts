/**
 * The Node authorizer: what every node may do, narrowed to the objects that its own pods need.
 *
 * Source: https://kubernetes.io/docs/reference/access-authn-authz/node/ and KEP-4601 (selectors).
 */
import { nodeRules } from "../rbac/policy/mod.ts";
import { ruleAllows } from "../rbac/rule.ts";
import type { Attributes, Authorizer } from "../user.ts";
import type { NodeGraph } from "./node_graph.ts";
import { nodeIdentity } from "./node_identity.ts";

type Asked = NonNullable<Attributes["resource"]>;

interface Question {
  readonly node: string;
  readonly verb: string;
  readonly asked: Asked;
  readonly graph: NodeGraph;
}

/** `true`: allowed; a text: why not; `undefined`: the general rules decide. */
type Judge = (question: Question) => true | string | undefined;

const reads = ["get", "list", "watch"];

const judges: Readonly<Record<string, Judge>> = {
  "/secrets": readOfPods,
  "/configmaps": readOfPods,
  "/persistentvolumeclaims": (question) =>
    question.asked.subresource === "status" ? statusOf(question) : getOf(question),
  "/persistentvolumes": getOf,
  "resource.k8s.io/resourceclaims": getOf,
  "resource.k8s.io/resourceslices": slices,
  "storage.k8s.io/volumeattachments": getOf,
  "/serviceaccounts": serviceAccount,
  "coordination.k8s.io/leases": lease,
  "storage.k8s.io/csinodes": csiNode,
  "/nodes": ownNode,
  "/pods": ownPods,
};

export function nodeAuthorizer(graph: NodeGraph): Authorizer {
  return (attributes) => {
    const { user, verb, resource } = attributes;
    const node = nodeIdentity(user);
    if (node === undefined) return Promise.resolve({ allowed: false, reason: "" });
    const judge = resource && judges[`${resource.group}/${resource.plural}`];
    const verdict = judge && judge({ node, verb, asked: resource, graph });
    const allowed = verdict === undefined ? nodeRules.some((rule) => ruleAllows(rule, attributes)) : verdict === true;
    return Promise.resolve({ allowed, reason: typeof verdict === "string" ? verdict : "" });
  };
}

function related({ node, asked, graph }: Question): true | string {
  if (!asked.name) return "No Object name found";
  if (graph.reaches(node, asked.plural, asked.namespace, asked.name)) return true;
  return `no relationship found between node '${node}' and this object`;
}

function readOfPods(question: Question): true | string {
  if (!reads.includes(question.verb)) return "can only read resources of this type";
  if (question.asked.subresource) return "cannot read subresource";
  if (!question.asked.namespace) return "can only read namespaced object of this type";
  return related(question);
}

function getOf(question: Question): true | string {
  if (question.verb !== "get") return "can only get individual resources of this type";
  if (question.asked.subresource) return "cannot get subresource";
  return related(question);
}

function statusOf(question: Question): true | string {
  if (!["get", "update", "patch"].includes(question.verb)) return "can only get/update/patch this type";
  return related(question);
}

function serviceAccount(question: Question): true | string {
  const { verb, asked } = question;
  if (verb === "get" && !asked.subresource) return related(question);
  if (verb !== "create" || asked.subresource !== "token") {
    return "can only create tokens for individual service accounts";
  }
  return related(question);
}

function lease({ node, verb, asked }: Question): true | string {
  if (!["get", "create", "update", "patch", "delete"].includes(verb)) {
    return "can only get, create, update, patch, or delete a node lease";
  }
  if (asked.namespace !== "kube-node-lease") {
    return 'can only access leases in the "kube-node-lease" system namespace';
  }
  // A new lease has no name yet where authorization looks; NodeRestriction looks at it again.
  if (verb !== "create" && asked.name !== node) {
    return "can only access node lease with the same name as the requesting node";
  }
  return true;
}

/** A new slice says in its body whose it is; NodeRestriction looks at that. */
function slices(question: Question): true | string {
  const { node, verb, asked } = question;
  if (asked.subresource) return "cannot authorize ResourceSlice subresources";
  if (verb === "create") return true;
  if (["get", "update", "patch", "delete"].includes(verb)) return related(question);
  if (["list", "watch", "deletecollection"].includes(verb) && selects(asked.fieldSelector, "spec.nodeName", node)) {
    return true;
  }
  return "can only list/watch/deletecollection resourceslices with nodeName field selector";
}

function csiNode({ node, verb, asked }: Question): true | string {
  if (asked.subresource) return "cannot authorize CSINode subresources";
  if (!["get", "create", "update", "patch", "delete"].includes(verb)) {
    return "can only get, create, update, patch, or delete a CSINode";
  }
  if (verb !== "create" && asked.name !== node) {
    return "can only access CSINode with the same name as the requesting node";
  }
  return true;
}

/** Reads of its own Node; writes are the general rules' and NodeRestriction's. */
function ownNode({ node, verb, asked }: Question): true | string | undefined {
  if (!reads.includes(verb)) return undefined;
  if (asked.name === node) return true;
  return `node '${node}' cannot read ${asked.name ? `'${asked.name}'` : "all nodes"}, only its own Node object`;
}

function ownPods(question: Question): true | string | undefined {
  const { node, verb, asked, graph } = question;
  if (!reads.includes(verb) || asked.subresource) return undefined;
  if (asked.name && asked.namespace && graph.reaches(node, "pods", asked.namespace, asked.name)) return true;
  if (verb !== "get" && selects(asked.fieldSelector, "spec.nodeName", node)) return true;
  if (verb === "get") return `no relationship found between node '${node}' and this object`;
  return "can only list/watch pods with spec.nodeName field selector";
}

/** Whether a field selector holds this requirement, so that it can yield nothing else. */
export function selects(selector: string | undefined, field: string, value: string): boolean {
  return (selector ?? "").split(",").some((part) =>
    /^([^=!]+)==?([^=]*)$/.exec(part)?.slice(1).join("\0") === `${field}\0${value}`
  );
}
