/** The kubelet's port: every path for every kind of caller, and names that try to lead elsewhere. */
import assert from "node:assert/strict";
import { request } from "node:https";
import type { Client } from "../../runtime/loop/mod.ts";
import { ClusterRole, ClusterRoleBinding, Pod, ServiceAccount } from "../../runtime/schema/mod.ts";
import { busyboxImage } from "../support/busybox_image.ts";
import { type AgentHost, agentHost, isReady, seen } from "./agent_host.ts";

interface Caller {
  readonly key?: string;
  readonly cert?: string;
  readonly token?: string;
}

/** The status of the answer; what is hijacked counts by its head. */
function ask({ host, server }: AgentHost, caller: Caller, path: string, method = "GET"): Promise<number> {
  const { token, ...pair } = caller;
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  // The path goes as it is written: a URL would take its dots away.
  const target = { host: host.address, port: 10250, path, method, headers, ca: server.ca, ...pair, agent: false };
  return new Promise((resolve, reject) => {
    const sent = request(target, (response) => {
      response.destroy();
      resolve(response.statusCode ?? 0);
    });
    sent.on("error", reject);
    sent.end();
  });
}

/** An account with a right to these subresources of nodes, and its token. */
async function account(client: Client, name: string, subresources: readonly string[]): Promise<Caller> {
  const metadata = { name, namespace: "default" };
  await client.create(ServiceAccount, { apiVersion: "v1", kind: "ServiceAccount", metadata });
  if (subresources.length > 0) {
    const apiVersion = "rbac.authorization.k8s.io/v1" as const;
    const resources = subresources.map((subresource) => `nodes/${subresource}`);
    const rules = [{ apiGroups: [""], resources, verbs: ["get"] }];
    await client.create(ClusterRole, { apiVersion, kind: "ClusterRole", metadata: { name }, rules });
    const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name };
    const subjects = [{ kind: "ServiceAccount", name, namespace: "default" }];
    await client.create(ClusterRoleBinding, {
      apiVersion,
      kind: "ClusterRoleBinding",
      metadata: { name },
      roleRef,
      subjects,
    });
  }
  const body = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: {} };
  const answer = await client.post(ServiceAccount, { namespace: "default", name }, "token", body as never);
  return { token: (answer as unknown as { status: { token: string } }).status.token };
}

const container = "/default/web/c";
/** Path, and the status for: nobody, a wrong token, no rights, `nodes/metrics`, `nodes/pods`, an admin. */
const table: readonly (readonly [path: string, ...statuses: number[]])[] = [
  ["/healthz", 401, 401, 403, 403, 403, 200],
  ["/pods", 401, 401, 403, 403, 200, 200],
  ["/runningpods/", 401, 401, 403, 403, 200, 200],
  ["/configz", 401, 401, 403, 403, 403, 200],
  ["/metrics", 401, 401, 403, 200, 403, 200],
  ["/metrics/cadvisor", 401, 401, 403, 200, 403, 200],
  ["/metrics/resource", 401, 401, 403, 200, 403, 200],
  ["/metrics/probes", 401, 401, 403, 200, 403, 200],
  ["/stats/summary", 401, 401, 403, 403, 403, 200],
  [`/containerLogs${container}`, 401, 401, 403, 403, 403, 200],
  [`/exec${container}?command=id&output=1`, 401, 401, 403, 403, 403, 400],
  [`/attach${container}?output=1`, 401, 401, 403, 403, 403, 400],
  ["/portForward/default/web", 401, 401, 403, 403, 403, 400],
  ["/nothing", 401, 401, 403, 403, 403, 404],
  // Whose right ends at the metrics does not get further by a detour.
  ["/metrics/../pods", 401, 401, 403, 403, 200, 200],
  ["/metrics/%2e%2e/containerLogs/default/web/c", 401, 401, 403, 403, 403, 200],
  ["//pods", 401, 401, 403, 403, 403, 404],
  // Names of logs are names of containers, and no paths.
  ["/containerLogs/default/web/..%2f..%2f..%2fetc%2fshadow", 401, 401, 403, 403, 403, 404],
  ["/containerLogs/default/..%2fweb/c", 401, 401, 403, 403, 403, 404],
  ["/containerLogs/default/web/%00", 401, 401, 403, 403, 403, 404],
  ["/containerLogs/default/web/%ff", 401, 401, 403, 403, 403, 400],
  [`/containerLogs${container}?tailLines=-1`, 401, 401, 403, 403, 403, 400],
  ["/logs/../../etc/shadow", 401, 401, 403, 403, 403, 404],
];

Deno.test("the kubelet's port opens to whom the API server would let through, and to nobody else", async () => {
  await using node = await agentHost();
  const { client, server: { admin } } = node;
  const agent = await node.start();
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "web", namespace: "default" },
    spec: {
      nodeName: "n1",
      automountServiceAccountToken: false,
      containers: [{ name: "c", image: busyboxImage, command: ["sleep", "1000"] }],
    },
  };
  await client.create(Pod, pod as never);
  await seen(client, "web", isReady);
  const callers = [
    {},
    { token: "wrong" },
    await account(client, "nobody", []),
    await account(client, "scraper", ["metrics"]),
    await account(client, "lister", ["pods"]),
    admin,
  ];
  for (const [path, ...statuses] of table) {
    assert.deepEqual(await Promise.all(callers.map((caller) => ask(node, caller, path))), statuses, path);
  }
  const alone = {
    ...{ stats: "/stats/summary", metrics: "/metrics", log: "/logs/", proxy: "/run/nothing" },
    ...{
      pods: "/runningpods/",
      healthz: "/healthz/ping",
      configz: "/configz",
      checkpoint: "/checkpoint/default/web/c",
    },
  };
  const throughProxy = new Set(["pods", "healthz", "configz"]);
  for (const right of Object.keys(alone)) {
    const caller = await account(client, `only-${right}`, [right]);
    for (const [wanted, path] of Object.entries(alone)) {
      const isLet = right === wanted || right === "proxy" && throughProxy.has(wanted);
      assert.equal(await ask(node, caller, path) !== 403, isLet, `nodes/${right} at ${path}`);
    }
  }
  assert.equal(await ask(node, admin, "/checkpoint/default/web/c"), 405);
  assert.equal(await ask(node, admin, "/checkpoint/default/web/c", "POST"), 500);
  assert.equal(await ask(node, admin, "/checkpoint/default/web/absent", "POST"), 404);
  const run = `/run${container}?cmd=id`;
  const ran = await Promise.all(callers.map((caller) => ask(node, caller, run, "POST")));
  assert.deepEqual(ran, [401, 401, 403, 403, 403, 200], "a right to get is no right to run");
  await agent.kill();
});
