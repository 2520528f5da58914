/** A city to attack: namespaces `team` and `other`, two nodes with a pod each, and ann, who edits pods in `team`. */
import type { User } from "../../runtime/auth/mod.ts";
import { type ApiServer, apiServer } from "../support/api_server.ts";

export interface Attempt {
  readonly as: User;
  readonly method?: string;
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

export const rbac = "/apis/rbac.authorization.k8s.io/v1";
export const team = "/api/v1/namespaces/team";
export const guarded = "/api/v1/namespaces/guarded";
export const ann: User = { name: "ann", groups: ["system:authenticated"] };
export const nobody: User = { name: "system:anonymous", groups: ["system:unauthenticated"] };
export const nodeA: User = { name: "system:node:a", groups: ["system:nodes", "system:authenticated"] };

export const nodeB: User = { name: "system:node:b", groups: ["system:nodes", "system:authenticated"] };
export const reader: User = { name: "reader", groups: ["system:authenticated"] };

export async function attempt({ api }: ApiServer, { as, method, path, body, headers }: Attempt) {
  const request = new Request(`https://api${path}`, {
    method: method ?? (body ? "POST" : "GET"),
    headers: { "content-type": "application/json", ...headers },
    body: body ? JSON.stringify(body) : undefined,
  });
  const response = await api.rawRequest(as, request);
  return { status: response.status, body: await response.json() };
}

export function pod(name: string, spec: object = {}, metadata: object = {}) {
  return { metadata: { name, ...metadata }, spec: { containers: [{ name: "c", image: "x" }], ...spec } };
}

/** Ann may do everything in namespace `team` that `edit` may; node a runs a pod that uses the secret `mine`. */
export async function city(): Promise<ApiServer> {
  const server = await apiServer();
  const { client } = server;
  const made = async (path: string, body: unknown) => await client.raw("POST", path, body as never);
  for (const name of ["team", "other"]) {
    await made("/api/v1/namespaces", { metadata: { name } });
    await made(`/api/v1/namespaces/${name}/serviceaccounts`, { metadata: { name: "default" } });
    for (const secret of ["mine", "yours"]) {
      await made(`/api/v1/namespaces/${name}/secrets`, { metadata: { name: secret } });
    }
  }
  for (const name of ["a", "b"]) await made("/api/v1/nodes", { metadata: { name, labels: { pool: "x" } } });
  await made(`${team}/pods`, pod("on-a", { nodeName: "a", imagePullSecrets: [{ name: "mine" }] }));
  await made(`${team}/pods`, pod("on-b", { nodeName: "b", imagePullSecrets: [{ name: "yours" }] }));
  const rules = [{ apiGroups: ["", "apps"], resources: ["pods", "configmaps"], verbs: ["*"] }];
  const roleRights = [{
    apiGroups: ["rbac.authorization.k8s.io"],
    resources: ["roles", "rolebindings"],
    verbs: ["create", "patch"],
  }];
  await made(`${rbac}/namespaces/team/roles`, { metadata: { name: "editor" }, rules: [...rules, ...roleRights] });
  await made(`${rbac}/namespaces/team/rolebindings`, {
    metadata: { name: "ann" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "editor" },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "ann" }],
  });
  await made(`${rbac}/namespaces/team/rolebindings`, { metadata: { name: "strong" }, roleRef: admin, subjects: [] });
  const reads = [{ apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "watch", "update", "delete"] }];
  await made(`${rbac}/namespaces/team/roles`, { metadata: { name: "reader" }, rules: reads });
  await made(`${rbac}/namespaces/team/rolebindings`, {
    metadata: { name: "reader" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "reader" },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "reader" }],
  });
  return server;
}

export const admin = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" };
export const toAnn = [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "ann" }];
export const bearsMirror = { annotations: { "kubernetes.io/config.mirror": "x" } };
