import assert from "node:assert/strict";
import { podGc, serviceAccounts } from "../../controllers/mod.ts";
import { Namespace, Node, Pod, ServiceAccount } from "../../runtime/schema/mod.ts";
import { testCluster } from "../controllers/cluster.ts";

Deno.test("pods that should go from a silent node go at once when somebody declares it out of service; others stay", async () => {
  await using cluster = await testCluster();
  const { client, until } = cluster;
  cluster.run([serviceAccounts, podGc()]);
  await client.create(Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: "work" } });
  await until(ServiceAccount, { namespace: "work", name: "default" }, (account) => account !== undefined);
  for (const [name, status] of [["alive", "True"], ["dead", "Unknown"]] as const) {
    const conditions = [{ type: "Ready", status }];
    const node = await client.create(Node, { apiVersion: "v1", kind: "Node", metadata: { name } });
    await client.update(Node, { ...node, status: { ...node.status, conditions } }, { subresource: "status" });
    for (const pod of ["going", "staying"]) {
      const spec = { nodeName: name, containers: [{ name: "main", image: "x" }] };
      const metadata = { name: `${pod}-${name}`, namespace: "work", finalizers: ["example.com/watched"] };
      await client.create(Pod, { apiVersion: "v1", kind: "Pod", metadata, spec });
    }
    await client.delete(Pod, { namespace: "work", name: `going-${name}` });
    const taint = { key: "node.kubernetes.io/out-of-service", value: "nodeshutdown", effect: "NoExecute" };
    await client.patch(Node, { name }, { type: "merge", body: { spec: { taints: [taint] } } });
  }
  const gone = await until(Pod, { namespace: "work", name: "going-dead" }, (pod) => pod?.status?.phase === "Failed");
  const target = gone?.status?.conditions?.find(({ type }) => type === "DisruptionTarget");
  assert.equal(target?.reason, "DeletionByPodGC");
  await until(
    Pod,
    { namespace: "work", name: "going-dead" },
    (pod) => pod?.metadata.deletionGracePeriodSeconds === 0,
  );
  for (const name of ["staying-dead", "going-alive", "staying-alive"]) {
    assert.notEqual((await client.get(Pod, { namespace: "work", name }))?.status?.phase, "Failed", name);
  }
});
