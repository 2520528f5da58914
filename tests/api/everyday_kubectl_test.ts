/** What people type every day, with a real kubectl: its words are those that kube-apiserver 1.36.3 gets out of it. */
import assert from "node:assert/strict";
import { apiServer } from "../support/api_server.ts";
import { testWithKubectls } from "../support/kubectl.ts";
import { kubectlSession } from "../support/kubectl_session.ts";

const map = (data: Record<string, string>) =>
  JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "one", namespace: "default" }, data });

const event = JSON.stringify({
  apiVersion: "v1",
  kind: "Event",
  metadata: { name: "e", namespace: "default" },
  involvedObject: { kind: "ConfigMap", namespace: "default", name: "one" },
  ...{ reason: "Seen", message: "it is there", type: "Normal", count: 2 },
});

async function everyday(kubectl: string): Promise<void> {
  await using server = await apiServer();
  await using session = await kubectlSession(kubectl, server);
  const said = async (args: string, stdin?: string) =>
    (await session.run(args.split(" "), { stdin, check: false })).stdout;
  assert.match(await said("get cs"), /NAME +STATUS +MESSAGE +ERROR\n(?:\S+ +Healthy +ok *\n){3}/);
  assert.match(await said("get cs --field-selector metadata.name=etcd-0 -o name"), /^componentstatus\/etcd-0\n$/);
  assert.equal(await said("apply -f -", map({ a: "1" })), "configmap/one created\n");
  assert.match(await said("diff -f -", map({ a: "2" })), /^- {2}a: "1"\n\+ {2}a: "2"$/m);
  assert.equal(await said("diff -f -", map({ a: "1" })), "");
  assert.equal(await said("wait --for=delete configmap/none --timeout=5s"), "");
  assert.equal(await said("create -f -", event), "event/e created\n");
  assert.match(
    await said("get events"),
    /TYPE +REASON +OBJECT +MESSAGE\n\S+ +Normal +Seen +configmap\/one +it is there/,
  );
  assert.match(await said("cluster-info"), /control plane.* is running at .*https:\/\/127\.0\.0\.1:/);
  const dump = await said("cluster-info dump --namespaces default");
  assert.match(dump, /"kind": "NodeList"/);
  assert.match(dump, /"reason": "Seen"/);
  assert.equal(await said("get --raw /livez"), "ok");
  assert.match(
    await said("get --raw /api/v1/namespaces/default/configmaps/one"),
    /^\{"kind":"ConfigMap","apiVersion":"v1",/,
  );
  const { stderr } = await session.run(["get", "--raw", "/nowhere"], { check: false });
  assert.match(stderr, /^Error from server \(NotFound\): the server could not find the requested resource/m);
}

await testWithKubectls(
  (whose) => `${whose} shows components, differences, events and the cluster as it does elsewhere`,
  everyday,
);
