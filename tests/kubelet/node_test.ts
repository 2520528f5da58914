/** Pods on a real docker, wired by real CNI plugins, seen through the API. */
import assert from "node:assert/strict";
import { type HttpsTarget } from "../../runtime/client/mod.ts";
import { httpsClient } from "../../runtime/client/mod.ts";
import type { Client } from "../../runtime/loop/mod.ts";
import { ConfigMap, Namespace, Pod, ServiceAccount } from "../../runtime/schema/mod.ts";
import type { Pod as PodObject } from "../../controllers/kubelet/pod/pod.ts";
import { busyboxImage, importBusybox } from "../support/busybox_image.ts";
import { type TestHost, testHost } from "../support/host.ts";
import { ensurePackages } from "../support/packages.ts";

const network = {
  cniVersion: "0.4.0",
  name: "test",
  plugins: [{
    type: "bridge",
    bridge: "cni0",
    isGateway: true,
    ipam: { type: "host-local", ranges: [[{ subnet: "10.244.7.0/24" }]] },
  }],
};

interface Node extends AsyncDisposable {
  readonly host: TestHost;
  readonly client: Client;
  /** kill -9, and a new agent on the same folder. */
  restart(): Promise<void>;
}

async function startNode(): Promise<Node> {
  await ensurePackages(["containernetworking-plugins"]);
  await using stack = new AsyncDisposableStack();
  const host = stack.use(await testHost({ docker: true }));
  await importBusybox(host);
  const conflist = `${host.folder}/net.conflist`;
  await Deno.writeTextFile(conflist, JSON.stringify(network));
  await host.run(["cp", conflist, "/etc/cni/net.d/10-test.conflist"]);
  const folder = `${host.folder}/cluster`;
  await Deno.mkdir(folder);
  let child = await startProcess(host, folder);
  const pem = (name: string) => Deno.readTextFileSync(`${folder}/pki/${name}`);
  const target: HttpsTarget = {
    server: `https://${host.address}:6443`,
    ca: pem("ca.crt"),
    cert: pem("admin.crt"),
    key: pem("admin.key"),
  };
  const client = stack.use(httpsClient(target));
  await prepare(client);
  const kept = stack.move();
  return {
    host,
    client,
    async restart() {
      child.kill("SIGKILL");
      await child.status;
      child = await startProcess(host, folder);
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.status;
      await kept.disposeAsync();
    },
  };
}

async function startProcess(host: TestHost, folder: string): Promise<Deno.ChildProcess> {
  const program = new URL("node_process.ts", import.meta.url).pathname;
  const command = [Deno.execPath(), "run", "--quiet", "--allow-all", program, folder, host.address];
  const child = host.spawn(command, { stderr: "inherit" });
  const { value, done } = await child.stdout.getReader().read();
  assert.ok(!done && new TextDecoder().decode(value).startsWith("up"));
  return child;
}

async function prepare(client: Client): Promise<void> {
  const present = await client.get(Namespace, { name: "default" });
  if (!present) await client.create(Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: "default" } });
  const metadata = { name: "default", namespace: "default" };
  await client.create(ServiceAccount, { apiVersion: "v1", kind: "ServiceAccount", metadata });
}

const script = "cat /config/a; echo $IP; trap 'exit 0' TERM; while true; do sleep 1 & wait; done";

function sample(name: string, command: string): PodObject {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "default" },
    spec: {
      nodeName: "n1",
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 5,
      containers: [{
        name: "c",
        image: busyboxImage,
        command: ["sh", "-c", command],
        env: [{ name: "IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } }],
        volumeMounts: [{ name: "config", mountPath: "/config" }],
      }],
      volumes: [{ name: "config", configMap: { name: "config" } }],
    },
  } as unknown as PodObject;
}

/** The first state of the pod that passes; `undefined` is a pod that is gone. */
async function seen(
  client: Client,
  name: string,
  test: (pod: PodObject | undefined) => boolean,
): Promise<PodObject | undefined> {
  const now = await client.get(Pod, { namespace: "default", name }) as PodObject | undefined;
  if (test(now)) return now;
  const signal = AbortSignal.timeout(60_000);
  const options = { namespace: "default", fieldSelector: `metadata.name=${name}`, signal };
  for await (const event of client.watch(Pod, options)) {
    if (event.type === "BOOKMARK") continue;
    const pod = event.type === "DELETED" ? undefined : event.object as PodObject;
    if (test(pod)) return pod;
  }
  throw new Error(`pod ${name} did not come to the state that was waited for`);
}

const isReady = (pod: PodObject | undefined) =>
  pod?.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;

Deno.test("pods on a node run, are adopted after kill -9, restart when they crash, and leave nothing", async () => {
  await using node = await startNode();
  const { client, host } = node;
  await client.create(ConfigMap, {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "config", namespace: "default" },
    data: { a: "hello" },
  });
  await client.create(Pod, sample("web", script) as never);
  const web = await seen(client, "web", isReady);
  assert.match(web!.status!.podIP!, /^10\.244\.7\./);
  const ids = async () => (await host.run(["docker", "ps", "--no-trunc", "-q"])).stdout.split("\n").sort().join(" ");
  const before = await ids();

  await node.restart();
  await client.create(Pod, sample("crash", "echo broken > /dev/termination-log; exit 3") as never);
  const crash = await seen(
    client,
    "crash",
    (pod) => pod?.status?.containerStatuses?.[0]?.state?.waiting?.reason === "CrashLoopBackOff",
  );
  const last = crash!.status!.containerStatuses![0]!.lastState!.terminated!;
  assert.deepEqual([last.exitCode, last.reason, last.message], [3, "Error", "broken\n"]);
  await client.delete(Pod, { namespace: "default", name: "crash" });
  await seen(client, "crash", (pod) => pod === undefined);
  assert.equal(await ids(), before);

  await client.delete(Pod, { namespace: "default", name: "web" });
  await seen(client, "web", (pod) => pod === undefined);
  assert.equal((await host.run(["docker", "ps", "-aq"])).stdout, "");
  const left = await host.run([
    "sh",
    "-c",
    'ls "$1/pods" "$1/network" | grep -v : ; grep "$1" /proc/self/mountinfo',
    "sh",
    `${host.folder}/cluster/kubelet`,
  ], { check: false });
  assert.equal(left.stdout.trim(), "");
});

Deno.test("a resize changes what a running container may use, and an agent killed meanwhile restarts nothing for it", async () => {
  await using node = await startNode();
  const { client, host } = node;
  const pod = sample("web", "while true; do sleep 1; done");
  Object.assign(pod.spec!, { volumes: [], terminationGracePeriodSeconds: 1 });
  Object.assign(pod.spec!.containers[0]!, { volumeMounts: [], resources: { limits: { cpu: "200m", memory: "64Mi" } } });
  await client.create(Pod, pod as never);
  const before = (await seen(client, "web", isReady))!.status!.containerStatuses![0]!;
  const resources = { limits: { cpu: "300m", memory: "96Mi" }, requests: { cpu: "300m", memory: "96Mi" } };
  const body = { spec: { containers: [{ name: "c", resources }] } };
  const ref = { namespace: "default", name: "web" };
  await client.patch(Pod, ref, { type: "strategic", body }, { subresource: "resize" });
  await node.restart();
  const after = await seen(
    client,
    "web",
    (now) => now?.status?.containerStatuses?.[0]?.resources?.limits?.cpu === "300m",
  );
  const [status] = after!.status!.containerStatuses!;
  assert.deepEqual([status!.containerID, status!.restartCount], [before.containerID, 0]);
  const id = before.containerID!.replace("docker://", "");
  const { stdout } = await host.run(["docker", "inspect", "-f", "{{.HostConfig.Memory}} {{.HostConfig.CpuQuota}}", id]);
  assert.equal(stdout.trim(), `${96 * 1024 * 1024} 30000`);
});
