/** Who has the default ClusterRoles from the start, and the few roles that hold in one namespace. */
import { controllerBindings } from "./controller_roles.ts";
import { account, clusterBinding, events, group, namespacedBinding, namespacedRole, on, read, user } from "./rows.ts";

const certificates = "system:certificates.k8s.io:certificatesigningrequests";

export const clusterBindings = [
  clusterBinding("cluster-admin", [group("system:masters")]),
  clusterBinding("system:monitoring", [group("system:monitoring")]),
  clusterBinding("system:discovery", [group("system:authenticated")]),
  clusterBinding("system:basic-user", [group("system:authenticated")]),
  clusterBinding("system:public-info-viewer", [group("system:authenticated"), group("system:unauthenticated")]),
  clusterBinding("system:service-account-issuer-discovery", [group("system:serviceaccounts")]),
  clusterBinding("system:cluster-trust-bundle-discovery", [group("system:serviceaccounts")]),
  clusterBinding("system:node-proxier", [user("system:kube-proxy")]),
  clusterBinding("system:kube-controller-manager", [user("system:kube-controller-manager")]),
  clusterBinding("system:kube-dns", [account("kube-dns")]),
  clusterBinding("system:kube-scheduler", [user("system:kube-scheduler")]),
  clusterBinding("system:volume-scheduler", [user("system:kube-scheduler")]),
  clusterBinding("system:node", []),
  // The rest is what an installer adds on top of upstream's defaults: joining and renewal, and the nodes' network loops.
  clusterBinding("d8s:node-bootstrapper", [group("system:bootstrappers")], "system:node-bootstrapper"),
  clusterBinding("d8s:node-autoapprove-bootstrap", [group("system:bootstrappers")], `${certificates}:nodeclient`),
  clusterBinding(
    "d8s:node-autoapprove-certificate-rotation",
    [group("system:nodes")],
    `${certificates}:selfnodeclient`,
  ),
  clusterBinding("d8s:node-network", [group("system:nodes")], "system:d8s:node-network"),
  ...controllerBindings,
];

const system = "kube-system";
const leading = [
  on("coordination.k8s.io", "leases", `create ${read} update`),
  on("coordination.k8s.io", "leasecandidates", `create ${read} update`),
];

export const namespacedRoles = [
  namespacedRole(system, "extension-apiserver-authentication-reader", [
    on("core", "configmaps", read, "extension-apiserver-authentication"),
  ]),
  namespacedRole(system, "system:controller:bootstrap-signer", [on("core", "secrets", read)]),
  namespacedRole(system, "system:controller:cloud-provider", [on("core", "configmaps", `create ${read}`)]),
  namespacedRole(system, "system:controller:token-cleaner", [on("core", "secrets", `delete ${read}`), events]),
  namespacedRole(system, "system::leader-locking-kube-controller-manager", leading),
  namespacedRole(system, "system::leader-locking-kube-scheduler", leading),
  // NodeRestriction narrows this to the node's own slice of the DNS Service.
  namespacedRole(system, "system:d8s:node-dns", [
    on("core", "services", "create"),
    on("discovery.k8s.io", "endpointslices", "create delete update"),
  ]),
  namespacedRole("kube-public", "system:controller:bootstrap-signer", [
    on("core", "configmaps", read),
    on("core", "configmaps", "update", "cluster-info"),
    events,
  ]),
];

export const namespacedBindings = [
  namespacedBinding(system, "system::extension-apiserver-authentication-reader", [
    user("system:kube-controller-manager"),
    user("system:kube-scheduler"),
  ], "extension-apiserver-authentication-reader"),
  namespacedBinding(system, "system:controller:bootstrap-signer", [account("bootstrap-signer")]),
  namespacedBinding(system, "system:controller:cloud-provider", [account("cloud-provider")]),
  namespacedBinding(system, "system:controller:token-cleaner", [account("token-cleaner")]),
  namespacedBinding(system, "system::leader-locking-kube-controller-manager", [
    user("system:kube-controller-manager"),
    account("kube-controller-manager"),
    account("leader-election-controller"),
  ]),
  namespacedBinding(system, "system::leader-locking-kube-scheduler", [
    user("system:kube-scheduler"),
    account("kube-scheduler"),
  ]),
  namespacedBinding(system, "d8s:node-dns", [group("system:nodes")], "system:d8s:node-dns"),
  namespacedBinding("kube-public", "system:controller:bootstrap-signer", [account("bootstrap-signer")]),
];
