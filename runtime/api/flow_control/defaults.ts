/** The FlowSchemas and PriorityLevelConfigurations that every cluster has, as upstream has them. Data. */
import type { KubeObject } from "../../schema/mod.ts";

const apiVersion = "flowcontrol.apiserver.k8s.io/v1";
const annotations = { "apf.kubernetes.io/autoupdate-spec": "true" };

type Level = readonly [name: string, shares: number, lendable: number, queues: number, hand: number];

const queued: readonly Level[] = [
  ["system", 30, 33, 64, 6],
  ["node-high", 40, 25, 64, 6],
  ["leader-election", 10, 0, 16, 4],
  ["workload-high", 40, 50, 128, 6],
  ["workload-low", 100, 90, 128, 6],
  ["global-default", 20, 50, 128, 6],
];
const queueLengthLimit = 50;

function level(name: string, spec: object): KubeObject {
  return { apiVersion, kind: "PriorityLevelConfiguration", metadata: { name, annotations: { ...annotations } }, spec };
}

/** Without these two nothing could be classified: they are put right when they differ. */
export const mandatoryLevels: readonly KubeObject[] = [
  level("exempt", { type: "Exempt", exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } }),
  level("catch-all", {
    type: "Limited",
    limited: { nominalConcurrencyShares: 5, lendablePercent: 0, limitResponse: { type: "Reject" } },
  }),
];

export const suggestedLevels: readonly KubeObject[] = queued.map(([name, shares, lendable, queues, handSize]) => {
  const limitResponse = { type: "Queue", queuing: { queues, handSize, queueLengthLimit } };
  return level(name, {
    type: "Limited",
    limited: { nominalConcurrencyShares: shares, lendablePercent: lendable, limitResponse },
  });
});

const group = (name: string) => ({ kind: "Group", group: { name } });
const user = (name: string) => ({ kind: "User", user: { name } });

function namespaced(verbs: string[], apiGroups: string[], names: string[]) {
  return { verbs, apiGroups, resources: names, namespaces: ["*"] };
}

function resources(verbs: string[], apiGroups: string[], names: string[]) {
  return { ...namespaced(verbs, apiGroups, names), clusterScope: true };
}

const anything = {
  resourceRules: [resources(["*"], ["*"], ["*"])],
  nonResourceRules: [{ verbs: ["*"], nonResourceURLs: ["*"] }],
};
const leases = { resourceRules: [namespaced(["get", "create", "update"], ["coordination.k8s.io"], ["leases"])] };
const nodes = {
  resourceRules: [
    resources(["*"], [""], ["nodes", "nodes/status"]),
    namespaced(["*"], ["coordination.k8s.io"], ["leases"]),
  ],
};
const everybody = [group("system:unauthenticated"), group("system:authenticated")];
const controllers = user("system:kube-controller-manager");
const scheduler = user("system:kube-scheduler");

type Schema = readonly [
  name: string,
  precedence: number,
  level: string,
  distinguisher: string | undefined,
  subjects: readonly object[],
  rules: object,
];

function schema([name, matchingPrecedence, level, type, subjects, rules]: Schema): KubeObject {
  const spec = {
    priorityLevelConfiguration: { name: level },
    matchingPrecedence,
    ...(type ? { distinguisherMethod: { type } } : {}),
    rules: [{ subjects, ...rules }],
  };
  return { apiVersion, kind: "FlowSchema", metadata: { name, annotations: { ...annotations } }, spec };
}

export const mandatorySchemas: readonly KubeObject[] = [
  schema(["exempt", 1, "exempt", undefined, [group("system:masters")], anything]),
  schema(["catch-all", 10000, "catch-all", "ByUser", everybody, anything]),
];

const probes = { nonResourceRules: [{ verbs: ["get"], nonResourceURLs: ["/healthz", "/readyz", "/livez"] }] };
const accounts = group("system:serviceaccounts");
const systemAccounts = { kind: "ServiceAccount", serviceAccount: { name: "*", namespace: "kube-system" } };

export const suggestedSchemas: readonly KubeObject[] = ([
  ["probes", 2, "exempt", undefined, everybody, probes],
  ["system-leader-election", 100, "leader-election", "ByUser", [controllers, scheduler, systemAccounts], leases],
  ["system-node-high", 400, "node-high", "ByUser", [group("system:nodes")], nodes],
  ["system-nodes", 500, "system", "ByUser", [group("system:nodes")], anything],
  ["kube-controller-manager", 800, "workload-high", "ByNamespace", [controllers], anything],
  ["kube-scheduler", 800, "workload-high", "ByNamespace", [scheduler], anything],
  ["kube-system-service-accounts", 900, "workload-high", "ByNamespace", [systemAccounts], anything],
  ["service-accounts", 9000, "workload-low", "ByUser", [accounts], anything],
  ["global-default", 9900, "global-default", "ByUser", everybody, anything],
] as const).map(schema);
