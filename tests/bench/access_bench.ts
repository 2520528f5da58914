/** What a decision costs (RBAC with 10,000 bindings, the graph of a cluster of 10,000 nodes), and all gates together. */
import {
  type Binding,
  clusterAccess,
  defaultBindings,
  defaultRoles,
  type RbacKind,
  type Role,
} from "../../runtime/auth/mod.ts";
import type { Stored } from "../../runtime/schema/mod.ts";
import { createPath } from "./create_path.ts";
import { percentile, say } from "./figures.ts";

const bindings = 10_000;
const nodes = 10_000;
const turns = 20_000;

const access = clusterAccess();
for (const object of [...defaultRoles, ...defaultBindings]) {
  access.rbac.set(`${object.kind.toLowerCase()}s` as RbacKind, object as Role | Binding);
}
const apiGroup = "rbac.authorization.k8s.io";
for (let i = 0; i < bindings; i++) {
  const namespace = `ns-${i % 100}`;
  const name = `b-${i}`;
  const rules = [{ apiGroups: [""], resources: ["pods", "configmaps"], verbs: ["get", "list"] }];
  access.rbac.set("roles", { metadata: { namespace, name }, rules });
  const subjects = [
    { kind: "User", apiGroup, name: `user-${i % 1000}` },
    { kind: "Group", apiGroup, name: `group-${i % 50}` },
  ];
  const roleRef = { apiGroup, kind: "Role", name };
  access.rbac.set("rolebindings", { metadata: { namespace, name }, subjects, roleRef });
}

async function measure(ask: (turn: number) => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let turn = 0; turn < turns; turn++) {
    const before = performance.now();
    await ask(turn);
    times.push(performance.now() - before);
  }
  return times;
}

const decisions = await measure((turn) => {
  const user = { name: `user-${turn % 1000}`, groups: [`group-${turn % 50}`, "system:authenticated"] };
  const resource = { group: "", version: "v1", plural: turn % 2 ? "pods" : "secrets", namespace: `ns-${turn % 100}` };
  return access.authorize({ user, verb: "list", path: "", resource });
});
say(`RBAC decision, ${bindings} bindings`, figure(decisions));

const pod = (node: number, index: number) =>
  ({
    metadata: { namespace: "team", name: `p-${node}-${index}` },
    spec: { nodeName: `n-${node}`, serviceAccountName: `sa-${index}`, imagePullSecrets: [{ name: `s-${node}` }] },
  }) as unknown as Stored;
for (let node = 0; node < nodes; node++) for (let i = 0; i < 3; i++) access.nodes.set("pods", pod(node, i));
const changes = await measure((turn) => Promise.resolve(access.nodes.set("pods", pod(turn % nodes, turn % 3))));
say(`change of the graph of ${nodes} nodes`, figure(changes));
const questions = await measure((turn) => {
  const name = `n-${turn % nodes}`;
  const user = { name: `system:node:${name}`, groups: ["system:nodes", "system:authenticated"] };
  const resource = { group: "", version: "v1", plural: "secrets", namespace: "team", name: `s-${turn % nodes}` };
  return access.authorize({ user, verb: "get", path: "", resource });
});
say(`Node authorizer's decision, ${nodes} nodes`, figure(questions));

const { gated, bare } = await createPath();
say("create of a pod in process, no gates", figure(bare));
const more = 100 * (percentile(gated, 0.5) / percentile(bare, 0.5) - 1);
say("create with RBAC, audit, flow control, admission, AES", `${figure(gated)}  ${more.toFixed(0)} % more`);

function figure(times: readonly number[]): string {
  return `p50 ${percentile(times, 0.5).toFixed(4)} ms  p99 ${percentile(times, 0.99).toFixed(4)} ms`;
}
