/**
 * One ClusterRole for each of the control plane's loops, bound to a ServiceAccount of its name in kube-system.
 *
 * Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/#controller-roles
 */
import type { PolicyRule } from "../rule.ts";
import { account, clusterBinding, clusterRole, events, on, read } from "./rows.ts";

const finalizers = (groups: string, resources: string) => on(groups, resources, "update");
const bindableClaims = on("core", "persistentvolumeclaims", "get list update watch");

const rules: Readonly<Record<string, readonly PolicyRule[]>> = {
  "attachdetach-controller": [
    on("core", "persistentvolumeclaims persistentvolumes", "list watch"),
    on("core", "nodes", read),
    on("core", "nodes/status", "patch update"),
    on("core", "pods", "list watch"),
    events,
    on("storage.k8s.io", "volumeattachments", `create delete ${read}`),
    on("storage.k8s.io", "csidrivers", read),
    on("storage.k8s.io", "csinodes", read),
  ],
  "certificate-controller": [
    on("certificates.k8s.io", "certificatesigningrequests", "delete get list watch"),
    on("certificates.k8s.io", "certificatesigningrequests/approval certificatesigningrequests/status", "update"),
    on("certificates.k8s.io", "signers", "approve", "kubernetes.io/kube-apiserver-client-kubelet"),
    on(
      "certificates.k8s.io",
      "signers",
      "sign",
      "kubernetes.io/kube-apiserver-client kubernetes.io/kube-apiserver-client-kubelet " +
        "kubernetes.io/kubelet-serving kubernetes.io/legacy-unknown",
    ),
    on("authorization.k8s.io", "subjectaccessreviews", "create"),
    events,
  ],
  "clusterrole-aggregation-controller": [
    on("rbac.authorization.k8s.io", "clusterroles", "escalate get list patch update watch"),
  ],
  "cronjob-controller": [
    on("batch", "cronjobs", "get list update watch"),
    on("batch", "jobs", "create delete get list patch update watch"),
    on("batch", "cronjobs/status", "update"),
    finalizers("batch", "cronjobs/finalizers"),
    on("core", "pods", "delete list watch"),
    events,
  ],
  "daemon-set-controller": [
    on("apps extensions", "daemonsets", read),
    on("apps extensions", "daemonsets/status", "update"),
    finalizers("apps extensions", "daemonsets/finalizers"),
    on("core", "nodes", "list watch"),
    on("core", "pods", "create delete list patch watch"),
    on("core", "pods/binding", "create"),
    on("apps", "controllerrevisions", "create delete get list patch update watch"),
    events,
  ],
  "deployment-controller": [
    on("apps extensions", "deployments", "get list update watch"),
    on("apps extensions", "deployments/status", "update"),
    finalizers("apps extensions", "deployments/finalizers"),
    on("apps extensions", "replicasets", "create delete get list patch update watch"),
    on("core", "pods", "get list update watch"),
    events,
  ],
  "device-taint-eviction-controller": [
    on("core", "pods", `delete ${read}`),
    on("core", "pods/status", "patch update"),
    on("resource.k8s.io", "resourceclaims", read),
    on("resource.k8s.io", "resourceslices", read),
    on("resource.k8s.io", "deviceclasses", read),
    events,
  ],
  "disruption-controller": [
    on("apps extensions", "deployments", read),
    on("apps extensions", "replicasets", read),
    on("core", "replicationcontrollers", read),
    on("policy", "poddisruptionbudgets", read),
    on("apps", "statefulsets", read),
    on("policy", "poddisruptionbudgets/status", "update"),
    on("core", "pods/status", "patch update"),
    on("*", "*/scale", "get"),
    events,
  ],
  "endpoint-controller": [
    on("core", "pods services", read),
    on("core", "endpoints", "create delete get list update watch"),
    on("core", "endpoints/restricted", "create"),
    events,
  ],
  "endpointslice-controller": [
    on("core", "nodes pods services", read),
    finalizers("core", "services/finalizers"),
    on("discovery.k8s.io", "endpointslices", "create delete get list update watch"),
    events,
  ],
  "endpointslicemirroring-controller": [
    on("core", "endpoints services", read),
    finalizers("core", "services/finalizers"),
    finalizers("core", "endpoints/finalizers"),
    on("discovery.k8s.io", "endpointslices", "create delete get list update watch"),
    events,
  ],
  "ephemeral-volume-controller": [
    finalizers("core", "pods/finalizers"),
    on("core", "pods", read),
    on("core", "persistentvolumeclaims", `create ${read}`),
    events,
  ],
  "expand-controller": [
    on("core", "persistentvolumes", "get list patch update watch"),
    on("core", "persistentvolumeclaims/status", "patch update"),
    on("core", "persistentvolumeclaims", read),
    events,
  ],
  "generic-garbage-collector": [on("*", "*", "delete get list patch update watch"), events],
  "horizontal-pod-autoscaler": [
    on("autoscaling", "horizontalpodautoscalers", read),
    on("autoscaling", "horizontalpodautoscalers/status", "update"),
    on("*", "*/scale", "get update"),
    on("core", "pods", "list watch"),
    on("metrics.k8s.io", "pods", "list watch"),
    on("custom.metrics.k8s.io", "*", read),
    on("external.metrics.k8s.io", "*", read),
    events,
  ],
  "job-controller": [
    on("batch", "jobs", "get list patch update watch"),
    on("batch", "jobs/status", "update"),
    finalizers("batch", "jobs/finalizers"),
    on("core", "pods", "create delete list patch watch"),
    events,
  ],
  "legacy-service-account-token-cleaner": [
    on("core", "configmaps", "get", "kube-apiserver-legacy-service-account-token-tracking"),
    on("core", "secrets", "delete patch"),
  ],
  "namespace-controller": [
    on("core", "namespaces", "delete get list watch"),
    on("core", "namespaces/finalize namespaces/status", "update"),
    on("*", "*", `delete deletecollection ${read}`),
  ],
  "node-controller": [
    on("core", "nodes", "delete get list patch update watch"),
    on("core", "nodes/status", "patch update"),
    on("core", "pods/status", "patch update"),
    on("core", "pods", "delete get list watch"),
    events,
  ],
  "persistent-volume-binder": [
    on("core", "persistentvolumes", "create delete get list update watch"),
    on("core", "persistentvolumes/status", "update"),
    bindableClaims,
    on("core", "persistentvolumeclaims/status", "update"),
    on("core", "pods", "create delete get list watch"),
    on("storage.k8s.io", "storageclasses", read),
    on("core", "nodes", "list watch"),
    on("core", "events", "watch"),
    events,
  ],
  "pod-garbage-collector": [
    on("core", "pods", "delete list watch"),
    on("core", "nodes", read),
    on("core", "pods/status", "patch"),
  ],
  "pv-protection-controller": [on("core", "persistentvolumes", "get list update watch"), events],
  "pvc-protection-controller": [
    bindableClaims,
    on("core", "persistentvolumeclaims/status", "update"),
    on("core", "pods", read),
    events,
  ],
  "replicaset-controller": [
    on("apps extensions", "replicasets", "get list update watch"),
    on("apps extensions", "replicasets/status", "update"),
    finalizers("apps extensions", "replicasets/finalizers"),
    on("core", "pods", "create delete list patch watch"),
    events,
  ],
  "replication-controller": [
    on("core", "replicationcontrollers", "get list update watch"),
    on("core", "replicationcontrollers/status", "update"),
    finalizers("core", "replicationcontrollers/finalizers"),
    on("core", "pods", "create delete list patch watch"),
    events,
  ],
  "resource-claim-controller": [
    finalizers("core", "pods/finalizers"),
    on("core", "pods", read),
    on("resource.k8s.io", "resourceclaims", `create delete ${read}`),
    on("resource.k8s.io", "resourceclaims resourceclaims/status", "patch update"),
    on("resource.k8s.io", "resourceclaims/binding", "patch update"),
    on("core", "pods/status", "patch update"),
    events,
  ],
  "resourcequota-controller": [
    on("*", "*", "list watch"),
    on("core", "resourcequotas/status", "update"),
    events,
  ],
  "root-ca-cert-publisher": [on("core", "configmaps", "create update"), events],
  "route-controller": [
    on("core", "nodes", "list watch"),
    on("core", "nodes/status", "patch"),
    events,
  ],
  "selinux-warning-controller": [
    on("core", "persistentvolumes", read),
    on("core", "persistentvolumeclaims", read),
    on("core", "pods", read),
    on("storage.k8s.io", "csidrivers", read),
    events,
  ],
  "service-account-controller": [on("core", "serviceaccounts", "create"), events],
  "service-cidrs-controller": [
    on("networking.k8s.io", "servicecidrs", "get list patch update watch"),
    on("networking.k8s.io", "servicecidrs/finalizers", "patch update"),
    on("networking.k8s.io", "servicecidrs/status", "patch update"),
    on("networking.k8s.io", "ipaddresses", read),
    events,
  ],
  "service-controller": [
    on("core", "services", read),
    on("core", "services/status", "patch update"),
    on("core", "nodes", "list watch"),
    events,
  ],
  "statefulset-controller": [
    on("core", "pods", "list watch"),
    finalizers("core", "pods/finalizers"),
    on("apps", "statefulsets", read),
    on("apps", "statefulsets/status", "update"),
    finalizers("apps", "statefulsets/finalizers"),
    on("core", "pods", "create delete get patch update"),
    on("apps", "controllerrevisions", "create delete get list patch update watch"),
    on("core", "persistentvolumeclaims", `create ${read}`),
    on("core", "persistentvolumeclaims", "delete update"),
    events,
  ],
  "ttl-after-finished-controller": [on("batch", "jobs", "delete get list watch"), events],
  "ttl-controller": [on("core", "nodes", "list patch update watch"), events],
  "validatingadmissionpolicy-status-controller": [
    on("admissionregistration.k8s.io", "validatingadmissionpolicies", read),
    on("admissionregistration.k8s.io", "validatingadmissionpolicies/status", "get patch update"),
    events,
  ],
  "volumeattributesclass-protection-controller": [
    on("core", "persistentvolumeclaims", read),
    on("core", "persistentvolumes", read),
    on("storage.k8s.io", "volumeattributesclasses", "get list update watch"),
    events,
  ],
};

export const controllerRoles = Object.entries(rules).map(([name, own]) =>
  clusterRole(`system:controller:${name}`, own)
);

export const controllerBindings = Object.keys(rules).map((name) =>
  clusterBinding(`system:controller:${name}`, [account(name)])
);
