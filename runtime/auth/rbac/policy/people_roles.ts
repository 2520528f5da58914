/**
 * What people get: cluster-admin, and admin, edit and view, which are put together out of every ClusterRole that carries their
 * label, so that custom resources join them.
 *
 * Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/#user-facing-roles
 */
import { clusterRole, on, read, write } from "./rows.ts";

const into = (role: string) => ({ [`rbac.authorization.k8s.io/aggregate-to-${role}`]: "true" });
const gathered = (role: string) => [{ matchLabels: into(role) }];

const workloads = "deployments deployments/rollback deployments/scale replicasets replicasets/scale";
const writableApps = `daemonsets ${workloads} statefulsets statefulsets/scale`;
const apps = "controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status " +
  "replicasets replicasets/scale replicasets/status statefulsets statefulsets/scale statefulsets/status";
const batch = "cronjobs cronjobs/status jobs jobs/status";
const volumes = "persistentvolumeclaims persistentvolumeclaims/status";
const extensions = "daemonsets daemonsets/status deployments deployments/scale deployments/status ingresses " +
  "ingresses/status networkpolicies replicasets replicasets/scale replicasets/status replicationcontrollers/scale";

const adminRules = [
  on("authorization.k8s.io", "localsubjectaccessreviews", "create"),
  on("rbac.authorization.k8s.io", "rolebindings roles", `create delete deletecollection ${read} patch update`),
];

const editRules = [
  on("core", "pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy", read),
  on("core", "serviceaccounts", "impersonate"),
  on("core", "pods pods/attach pods/exec pods/portforward pods/proxy", write),
  on("core", "pods/eviction", "create"),
  on(
    "core",
    "configmaps persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets " +
      "serviceaccounts services services/proxy",
    write,
  ),
  on("core", "serviceaccounts/token", "create"),
  on("core events.k8s.io", "events", write),
  on("apps", writableApps, write),
  on("autoscaling", "horizontalpodautoscalers", write),
  on("batch", "cronjobs jobs", write),
  on("extensions", `daemonsets ${workloads} ingresses networkpolicies replicationcontrollers/scale`, write),
  on("policy", "poddisruptionbudgets", write),
  on("networking.k8s.io", "ingresses networkpolicies", write),
  on("coordination.k8s.io", "leases", `create delete deletecollection ${read} patch update`),
  on("resource.k8s.io", "resourceclaims resourceclaimtemplates", write),
];

const viewRules = [
  on(
    "core",
    `configmaps endpoints ${volumes} pods replicationcontrollers replicationcontrollers/scale serviceaccounts ` +
      "services services/status",
    read,
  ),
  on(
    "core",
    "bindings limitranges namespaces/status pods/log pods/status replicationcontrollers/status " +
      "resourcequotas resourcequotas/status",
    read,
  ),
  on("core", "namespaces", read),
  on("core events.k8s.io", "events", read),
  on("discovery.k8s.io", "endpointslices", read),
  on("apps", apps, read),
  on("autoscaling", "horizontalpodautoscalers horizontalpodautoscalers/status", read),
  on("batch", batch, read),
  on("extensions", extensions, read),
  on("policy", "poddisruptionbudgets poddisruptionbudgets/status", read),
  on("networking.k8s.io", "ingresses ingresses/status networkpolicies", read),
  on("resource.k8s.io", "resourceclaims resourceclaims/status resourceclaimtemplates", read),
];

export const peopleRoles = [
  clusterRole("cluster-admin", [on("*", "*", "*"), { nonResourceURLs: ["*"], verbs: ["*"] }]),
  clusterRole("admin", [], { selectors: gathered("admin") }),
  clusterRole("edit", [], { labels: into("admin"), selectors: gathered("edit") }),
  clusterRole("view", [], { labels: into("edit"), selectors: gathered("view") }),
  clusterRole("system:aggregate-to-admin", adminRules, { labels: into("admin") }),
  clusterRole("system:aggregate-to-edit", editRules, { labels: into("edit") }),
  clusterRole("system:aggregate-to-view", viewRules, { labels: into("view") }),
];
