/** Pods from files of the node: what they are taken for, and their life with and without an API server. */
import assert from "node:assert/strict";
import { StaticPods } from "../../controllers/kubelet/static/static_pods.ts";
import { staticPod } from "../../controllers/kubelet/static/manifest.ts";
import type { Pod as PodObject } from "../../controllers/kubelet/pod/pod.ts";
import { Pod } from "../../runtime/schema/mod.ts";
import { busyboxImage } from "../support/busybox_image.ts";
import type { TestHost } from "../support/host.ts";
import { type AgentHost, agentHost, assertNothingLeft, containersOf, isReady, seen } from "./agent_host.ts";
import { noon } from "./pods.ts";

const manifest = (more = "", command = "while true; do sleep 1 & wait; done") =>
  `apiVersion: v1
kind: Pod
metadata:
  name: web
  labels: {app: web}
spec:
  terminationGracePeriodSeconds: 5
  containers:
  - name: c
    image: ${busyboxImage}
    command: [sh, -c, "trap 'exit 0' TERM; ${command}"]
${more}`;

const read = (text: string, nodeName = "n1") => staticPod({ path: "/m/web.yaml", text, nodeName, now: noon });

Deno.test("a file is one pod of its node: named for it, complete, and the same as long as the text is", () => {
  const { metadata, spec } = read(manifest("  priorityClassName: system-node-critical\n"));
  assert.deepEqual([metadata.name, metadata.namespace, spec!.nodeName], ["web-n1", "default", "n1"]);
  assert.deepEqual([spec!.priority, spec!.restartPolicy, spec!.dnsPolicy], [2_000_001_000, "Always", "ClusterFirst"]);
  assert.deepEqual(spec!.tolerations, [{ operator: "Exists", effect: "NoExecute" }]);
  assert.equal(metadata.annotations!["kubernetes.io/config.source"], "file");
  assert.equal(metadata.annotations!["kubernetes.io/config.hash"], metadata.uid);
  assert.equal(read(manifest()).metadata.uid, read(manifest()).metadata.uid);
  assert.notEqual(read(manifest()).metadata.uid, read(manifest(), "n2").metadata.uid);
});

Deno.test("what is no pod, or needs the API server, is refused with the reason", () => {
  const refusals: [text: string, message: RegExp][] = [
    ["kind: [", /^line \d+: /],
    ["apiVersion: v1\nkind: Node\nmetadata: {name: a}", /^must hold one Pod, v1$/],
    [`${manifest()}---\n${manifest()}`, /^must hold one Pod, v1$/],
    [manifest("  replicas: 2\n"), /^unknown field "spec.replicas"$/],
    [manifest("  hostNetwork: 1\n"), /spec.hostNetwork/],
    [manifest("  restartPolicy: Sometimes\n"), /^spec.restartPolicy: Unsupported value: "Sometimes"/],
    [manifest("  serviceAccountName: robot\n"), /may not refer to serviceaccounts default\/robot/],
    [manifest("  volumes: [{name: v, secret: {secretName: s}}]\n"), /may not refer to secrets default\/s/],
  ];
  for (const [text, message] of refusals) assert.throws(() => read(text), { message });
});

Deno.test("of one name one pod is there at a time: the next begins when the last has gone", () => {
  const statics = new StaticPods();
  const [first, second] = [read(manifest()), read(manifest("  hostPID: true\n"))];
  const key = "default/web-n1";
  assert.deepEqual(statics.replace([first], noon), [key]);
  assert.deepEqual(statics.replace([read(manifest())], noon + 1), []);
  assert.deepEqual(statics.replace([second], noon), [key]);
  const leaving = statics.get(key)!.metadata;
  assert.deepEqual([leaving.uid, leaving.deletionTimestamp], [first.metadata.uid, "2026-01-01T12:00:05Z"]);
  assert.equal(statics.list().length, 1);
  statics.gone(key);
  assert.equal(statics.get(key), second);
  assert.deepEqual(statics.replace([], noon), [key]);
  statics.gone(key);
  assert.deepEqual([statics.get(key), statics.list()], [undefined, []]);
});

const mirror = "web-n1";
const isGone = (pod: PodObject | undefined) => pod === undefined;
const uidOf = (pod: PodObject | undefined) => pod?.metadata.uid;
const hashOf = (pod: PodObject | undefined) => pod?.metadata.annotations?.["kubernetes.io/config.mirror"];

/** What the pod's one container writes when it begins to run, and nothing before. */
async function untilRunning(host: TestHost, diary: string): Promise<void> {
  await host.run(["sh", "-c", `mkfifo ${diary}; timeout 60 cat ${diary} > /dev/null`]);
}

const appContainer = async ({ host }: AgentHost) =>
  (await containersOf(host)).filter((line) => line.includes("k8s_c_"));

Deno.test("a static pod runs without the API server, is mirrored when there is one, and follows its file", async () => {
  await using node = await agentHost();
  const { host, client } = node;
  const configuration = { staticPodPath: `${host.folder}/manifests` };
  const file = `${configuration.staticPodPath}/web.yaml`;
  const diary = `${host.folder}/begun`;
  const volume = `    volumeMounts: [{name: d, mountPath: /begun}]
  volumes: [{name: d, hostPath: {path: ${diary}}}]
`;
  await Deno.mkdir(configuration.staticPodPath);
  await Deno.writeTextFile(file, manifest(volume, "echo begun > /begun & while true; do sleep 1 & wait; done"));
  const running = untilRunning(host, diary);
  let agent = await node.start({ configuration, as: "nobody" });
  await running;
  const before = await appContainer(node);
  assert.equal(before.length, 1);

  await agent.kill();
  agent = await node.start({ configuration, as: "node" });
  const first = await seen(client, mirror, isReady);
  assert.deepEqual(await appContainer(node), before, "the next agent took over what ran");
  assert.deepEqual([first!.metadata.ownerReferences?.[0]?.kind, first!.metadata.labels], ["Node", { app: "web" }]);
  assert.ok(first!.status!.podIP);

  await client.delete(Pod, { namespace: "default", name: mirror });
  const again = await seen(client, mirror, (pod) => isReady(pod) && uidOf(pod) !== uidOf(first));
  assert.deepEqual(await appContainer(node), before, "who deletes the mirror ends no container");
  assert.equal(hashOf(again), hashOf(first));

  await Deno.writeTextFile(file, "kind: [");
  await Deno.writeTextFile(`${configuration.staticPodPath}/other.yaml`, manifest().replace("name: web", "name: other"));
  await seen(client, "other-n1", isReady);
  assert.equal((await appContainer(node)).length, 2, "a broken file changes nothing");

  await Deno.writeTextFile(file, manifest());
  await seen(client, mirror, (pod) => isReady(pod) && hashOf(pod) !== hashOf(first));
  assert.equal((await appContainer(node)).filter((line) => before.includes(line)).length, 0);

  for (const name of ["web.yaml", "other.yaml"]) await Deno.remove(`${configuration.staticPodPath}/${name}`);
  for (const name of [mirror, "other-n1"]) await seen(client, name, isGone);
  await assertNothingLeft(host, "the files of static pods were removed");
  await agent.kill();
});

Deno.test("a pod that only says that it is a mirror starts nothing, and goes", async () => {
  await using node = await agentHost();
  const agent = await node.start({ as: "node" });
  const annotations = { "kubernetes.io/config.mirror": "1", "kubernetes.io/config.source": "file" };
  const spec = { nodeName: "n1", containers: [{ name: "c", image: busyboxImage }] };
  const metadata = { name: "pretender", namespace: "default", annotations };
  await node.client.create(Pod, { apiVersion: "v1", kind: "Pod", metadata, spec } as never);
  await seen(node.client, "pretender", isGone);
  await assertNothingLeft(node.host, "a pretended mirror came and went");
  await agent.kill();
});
