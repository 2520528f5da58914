/** Rows of the core group. */
import { createOnly, resourcesOf, type Row, scale } from "./row.ts";
import type { Verb } from "../resource.ts";

const connect: readonly Verb[] = ["create", "get"];
const proxied: readonly Verb[] = ["create", "delete", "get", "patch", "update"];
const involved = ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"];

const pods: Row = {
  kind: "Pod",
  plural: "pods",
  namespaced: true,
  shortNames: ["po"],
  categories: ["all"],
  subresources: [
    { name: "attach", verbs: connect, body: "v1 PodAttachOptions" },
    { name: "binding", verbs: createOnly, body: "v1 Binding" },
    "ephemeralcontainers",
    { name: "eviction", verbs: createOnly, body: "policy/v1 Eviction" },
    { name: "exec", verbs: connect, body: "v1 PodExecOptions" },
    { name: "log", verbs: ["get"] },
    { name: "portforward", verbs: connect, body: "v1 PodPortForwardOptions" },
    { name: "proxy", verbs: proxied, body: "v1 PodProxyOptions" },
    "resize",
    "status",
  ],
  selects: [
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "spec.hostNetwork",
    "status.phase",
    "status.podIP",
    "status.podIPs",
    "status.nominatedNodeName",
  ],
};

const events: Row = {
  kind: "Event",
  plural: "events",
  namespaced: true,
  shortNames: ["ev"],
  selects: [
    ...involved.map((field) => `involvedObject.${field}`),
    "reason",
    "reportingComponent",
    ["source", "source.component", "reportingComponent"],
    "type",
  ],
};

export const coreResources = resourcesOf({ group: "", version: "v1" }, [
  { kind: "Binding", plural: "bindings", namespaced: true, verbs: createOnly },
  {
    kind: "ComponentStatus",
    plural: "componentstatuses",
    namespaced: false,
    shortNames: ["cs"],
    verbs: ["get", "list"],
    deprecation: "deprecated in v1.19+",
  },
  { kind: "ConfigMap", plural: "configmaps", namespaced: true, shortNames: ["cm"] },
  {
    kind: "Endpoints",
    plural: "endpoints",
    namespaced: true,
    shortNames: ["ep"],
    storedAs: "services/endpoints",
    deprecation: "deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
  },
  events,
  { kind: "LimitRange", plural: "limitranges", namespaced: true, shortNames: ["limits"] },
  {
    kind: "Namespace",
    plural: "namespaces",
    namespaced: false,
    shortNames: ["ns"],
    verbs: ["create", "delete", "get", "list", "patch", "update", "watch"],
    subresources: [{ name: "finalize", verbs: ["update"] }, "status"],
    selects: ["status.phase"],
  },
  {
    kind: "Node",
    plural: "nodes",
    namespaced: false,
    shortNames: ["no"],
    storedAs: "minions",
    subresources: [{ name: "proxy", verbs: proxied, body: "v1 NodeProxyOptions" }, "status"],
    selects: ["spec.unschedulable"],
  },
  {
    kind: "PersistentVolumeClaim",
    plural: "persistentvolumeclaims",
    namespaced: true,
    shortNames: ["pvc"],
    subresources: ["status"],
  },
  {
    kind: "PersistentVolume",
    plural: "persistentvolumes",
    namespaced: false,
    shortNames: ["pv"],
    subresources: ["status"],
  },
  pods,
  { kind: "PodTemplate", plural: "podtemplates", namespaced: true },
  {
    kind: "ReplicationController",
    plural: "replicationcontrollers",
    namespaced: true,
    shortNames: ["rc"],
    categories: ["all"],
    storedAs: "controllers",
    subresources: [scale, "status"],
    selects: ["status.replicas"],
  },
  {
    kind: "ResourceQuota",
    plural: "resourcequotas",
    namespaced: true,
    shortNames: ["quota"],
    subresources: ["status"],
  },
  { kind: "Secret", plural: "secrets", namespaced: true, selects: ["type"] },
  {
    kind: "ServiceAccount",
    plural: "serviceaccounts",
    namespaced: true,
    shortNames: ["sa"],
    subresources: [{ name: "token", verbs: createOnly, body: "authentication.k8s.io/v1 TokenRequest" }],
  },
  {
    kind: "Service",
    plural: "services",
    namespaced: true,
    shortNames: ["svc"],
    categories: ["all"],
    storedAs: "services/specs",
    subresources: [{ name: "proxy", verbs: proxied, body: "v1 ServiceProxyOptions" }, "status"],
    selects: ["spec.clusterIP", "spec.type"],
  },
]);
