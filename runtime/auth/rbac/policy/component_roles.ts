/**
 * What the parts of a control plane and everybody who has proved who he is get.
 *
 * Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/#default-roles-and-role-bindings
 */
import { clusterRole, events, on, read, urls } from "./rows.ts";

const reviews = on("authorization.k8s.io", "subjectaccessreviews", "create");
const tokenReviews = on("authentication.k8s.io", "tokenreviews", "create");
const health = "/healthz /livez /readyz";
const csr = "certificatesigningrequests";
const certificates = "certificates.k8s.io";

/** A ClusterRole for whoever approves the requests of one built-in signer. */
const approver = (role: string, signer: string) =>
  clusterRole(`system:${certificates}:${role}-approver`, [
    on(certificates, "signers", "approve", `kubernetes.io/${signer}`),
  ]);

const everybody = [
  clusterRole("system:discovery", [
    urls(`${health} /version /version/ /openapi /openapi/* /api /api/* /apis /apis/*`),
  ]),
  clusterRole("system:public-info-viewer", [urls(`${health} /version /version/`)]),
  clusterRole("system:basic-user", [
    on("authorization.k8s.io", "selfsubjectaccessreviews selfsubjectrulesreviews", "create"),
    on("authentication.k8s.io", "selfsubjectreviews", "create"),
  ]),
  clusterRole("system:service-account-issuer-discovery", [
    urls("/.well-known/openid-configuration /.well-known/openid-configuration/ /openid/v1/jwks /openid/v1/jwks/"),
  ]),
  clusterRole("system:cluster-trust-bundle-discovery", [on(certificates, "clustertrustbundles", read)]),
  clusterRole("system:monitoring", [
    urls("/metrics /metrics/slis /livez /livez/* /readyz /readyz/* /healthz /healthz/* /statusz /flagz"),
    on("core", "nodes/metrics", "get"),
  ]),
];

const controlPlane = [
  clusterRole("system:auth-delegator", [tokenReviews, reviews]),
  clusterRole("system:kube-aggregator", [on("core", "endpoints services", read)]),
  clusterRole("system:kube-controller-manager", [
    events,
    on("coordination.k8s.io", "leases", "create"),
    on("coordination.k8s.io", "leases", "get update", "kube-controller-manager"),
    on("core", "secrets serviceaccounts", "create"),
    on("core", "secrets", "delete"),
    on("core", "configmaps namespaces secrets serviceaccounts", "get"),
    on("core", "secrets serviceaccounts", "update"),
    tokenReviews,
    reviews,
    on("*", "*", "list watch"),
    on("core", "serviceaccounts/token", "create"),
  ]),
  clusterRole("system:kube-scheduler", [
    events,
    on("coordination.k8s.io", "leases", "create"),
    on("coordination.k8s.io", "leases", `${read} update`, "kube-scheduler"),
    on("coordination.k8s.io", "leasecandidates", `create delete deletecollection ${read} patch update`),
    on("core", "nodes", read),
    on("core", "pods", `delete ${read}`),
    on("core", "bindings pods/binding", "create"),
    on("core", "pods/finalizers", "update"),
    on("core", "pods/status", "patch update"),
    on("core", "replicationcontrollers services", read),
    on("apps extensions", "replicasets", read),
    on("apps", "statefulsets", read),
    on("policy", "poddisruptionbudgets", read),
    on("core", "persistentvolumeclaims persistentvolumes", read),
    tokenReviews,
    reviews,
    on("storage.k8s.io", "csinodes csidrivers csistoragecapacities volumeattachments", read),
    on("resource.k8s.io", "deviceclasses resourceslices", read),
    on("resource.k8s.io", "resourceclaims", `create delete ${read} patch update`),
    on("resource.k8s.io", "resourceclaims/status", `${read} patch update`),
    on("resource.k8s.io", "resourceclaims/binding", "patch update"),
    on("core", "namespaces", read),
  ]),
  clusterRole("system:volume-scheduler", [
    on("core", "persistentvolumes", `${read} patch update`),
    on("storage.k8s.io", "storageclasses", read),
    on("core", "persistentvolumeclaims", `${read} patch update`),
  ]),
  clusterRole("system:persistent-volume-provisioner", [
    on("core", "persistentvolumes", `create delete ${read}`),
    on("core", "persistentvolumeclaims", `${read} update`),
    on("storage.k8s.io", "storageclasses", read),
    on("core", "events", "watch"),
    events,
  ]),
  clusterRole("system:kube-dns", [on("core", "endpoints services", "list watch")]),
  clusterRole("system:node-proxier", [
    on("core", "endpoints services", "list watch"),
    on("core", "nodes", read),
    events,
    on("discovery.k8s.io", "endpointslices", "list watch"),
    on("networking.k8s.io", "servicecidrs", "list watch"),
  ]),
  clusterRole("system:heapster", [
    on("core", "events namespaces nodes pods", read),
    on("extensions", "deployments", read),
  ]),
];

const machines = [
  clusterRole("system:node-bootstrapper", [on(certificates, csr, `create ${read}`)]),
  clusterRole("system:node-problem-detector", [
    on("core", "nodes", "get"),
    on("core", "nodes/status", "patch"),
    events,
  ]),
  clusterRole("system:kubelet-api-admin", [
    on("core", "nodes", read),
    on("core", "nodes", "proxy"),
    on("core", "nodes/log nodes/metrics nodes/proxy nodes/stats", "*"),
    on("core", "nodes/configz nodes/healthz nodes/pods", "*"),
  ]),
  clusterRole(`system:${certificates}:${csr}:nodeclient`, [on(certificates, `${csr}/nodeclient`, "create")]),
  clusterRole(`system:${certificates}:${csr}:selfnodeclient`, [on(certificates, `${csr}/selfnodeclient`, "create")]),
  approver("kube-apiserver-client", "kube-apiserver-client"),
  approver("kube-apiserver-client-kubelet", "kube-apiserver-client-kubelet"),
  approver("kubelet-serving", "kubelet-serving"),
  approver("legacy-unknown", "legacy-unknown"),
];

/** Beyond upstream's: what the loops of a d8s node read, which is kubelet, proxy, overlay and DNS under one certificate. */
const ours = [
  clusterRole("system:d8s:node-network", [
    on("core", "services nodes namespaces", read),
    on("discovery.k8s.io", "endpointslices", read),
  ]),
];

export const componentRoles = [...everybody, ...controlPlane, ...machines, ...ours];

/** What every node may ask for; the Node authorizer then looks at which object. */
export const nodeRules = [
  tokenReviews,
  on("authorization.k8s.io", "localsubjectaccessreviews subjectaccessreviews", "create"),
  on("core", "services", read),
  on("core", "nodes", `create ${read}`),
  on("core", "nodes/status", "patch update"),
  on("core", "nodes", "patch update"),
  events,
  on("core", "pods", read),
  on("core", "pods", "create delete"),
  on("core", "pods/status", "patch update"),
  on("core", "pods/eviction", "create"),
  on("core", "configmaps secrets", read),
  on("core", "persistentvolumeclaims persistentvolumes", "get"),
  on("core", "endpoints", "get"),
  on(certificates, csr, `create ${read}`),
  on("coordination.k8s.io", "leases", "create delete get patch update"),
  on("storage.k8s.io", "volumeattachments", "get"),
  on("core", "serviceaccounts/token", "create"),
  on("core", "serviceaccounts", "get"),
  on("core", "persistentvolumeclaims/status", "get patch update"),
  on("storage.k8s.io", "csidrivers", read),
  on("storage.k8s.io", "csinodes", "create delete get patch update"),
  on("node.k8s.io", "runtimeclasses", read),
  on("resource.k8s.io", "resourceclaims", "get"),
  on("resource.k8s.io", "resourceslices", "deletecollection"),
  on(certificates, "clustertrustbundles", read),
  on(certificates, "podcertificaterequests", `create ${read}`),
];

/** Bound to nobody: nodes are the Node authorizer's, and the role is there for who wants to bind it. */
export const nodeRole = clusterRole("system:node", nodeRules);
