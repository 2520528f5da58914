/** Devices of ResourceClaims in containers of a real docker, prepared by a driver that is built with Kubernetes' own bindings. */
import assert from "node:assert/strict";
import { editsFor, grantOf } from "../../controllers/kubelet/devices/cdi.ts";
import { DraDrivers } from "../../controllers/kubelet/devices/dra/dra_drivers.ts";
import { Event, type Json, Pod, ResourceClaim, ResourceSlice } from "../../runtime/schema/mod.ts";
import { httpsClient } from "../../runtime/client/mod.ts";
import { apiServer } from "../support/api_server.ts";
import { busyboxImage } from "../support/busybox_image.ts";
import { runCommand } from "../support/run_command.ts";
import {
  type AgentHost,
  agentHost,
  assertNothingLeft,
  containersOf,
  folderOf,
  isReady,
  makePod,
  seen,
} from "./agent_host.ts";

Deno.test("CDI's files say what a container gets: a file's own edits once, then its devices', the last file's first", () => {
  const edits = (word: string) => ({ env: [`A=${word}=b`] });
  const device = (name: string, containerEdits: object) => ({ name, containerEdits });
  const early = { kind: "v.com/gpu", containerEdits: edits("early"), devices: [device("0", edits("old"))] };
  const late = { kind: "v.com/gpu", containerEdits: edits("all"), devices: [device("0", edits("0")), device("1", {})] };
  const names = ["v.com/gpu=0", "v.com/gpu=1", "v.com/gpu=0"];
  assert.deepEqual(editsFor(names, [early, late]), [edits("all"), edits("0"), {}]);
  assert.throws(() => editsFor(["v.com/gpu=2"], [early, late]), /^ConfigError: unresolvable CDI device v.com\/gpu=2$/);
  const hooked = { kind: "v.com/gpu", devices: [device("0", { hooks: [{ path: "/h" }] })] };
  assert.throws(() => editsFor(["v.com/gpu=0"], [hooked]), /CDI hooks are not supported by this node/);
  assert.deepEqual(
    grantOf({ env: ["A=b=c"], deviceNodes: [{ path: "/dev/x" }], mounts: [{ hostPath: "/h", containerPath: "/c" }] }),
    {
      envs: { A: "b=c" },
      devices: [{ container_path: "/dev/x", host_path: "/dev/x", permissions: "rwm" }],
      mounts: [{ host_path: "/h", container_path: "/c", read_only: false }],
      cdi_devices: [],
    },
  );
});

const claimed = { resourceClaims: [{ name: "mine", resourceClaimName: "gpu" }] };

async function told({ client }: AgentHost, words: RegExp): Promise<void> {
  const signal = AbortSignal.timeout(30_000);
  for await (const event of client.watch(Event, { namespace: "default", signal })) {
    if (event.type !== "BOOKMARK" && words.test(event.object.message ?? "")) return;
  }
  signal.throwIfAborted();
}

Deno.test("a pod begins when its claim is there, allocated and its own, and not before; each time it is told why", async () => {
  await using node = await agentHost();
  const agent = await node.start();
  await makePod(node.client, "user", { spec: claimed });
  await told(node, /^Failed to prepare dynamic resources: ResourceClaim gpu not found$/);
  await makeClaim(node);
  await told(node, /ResourceClaim gpu is not allocated$/);
  await allocate(node, "other", "00000000-0000-0000-0000-000000000000");
  await told(node, /pod user \(.*\) is not allowed to use ResourceClaim gpu \(.*\)$/);
  await reserveFor(node, "user");
  await told(node, /DRA driver test.d8s.io is not registered on this node$/);
  assert.deepEqual(await containersOf(node.host), []);
  await agent.kill();
});

async function makeClaim({ client }: AgentHost): Promise<void> {
  const requests = [{ name: "gpu", exactly: { deviceClassName: "gpu" } }];
  const metadata = { name: "gpu", namespace: "default" };
  const spec = { devices: { requests } };
  await client.create(
    ResourceClaim,
    { apiVersion: "resource.k8s.io/v1", kind: "ResourceClaim", metadata, spec } as never,
  );
}

async function reserveFor(node: AgentHost, name: string): Promise<void> {
  const { metadata } = (await node.client.get(Pod, { namespace: "default", name }))!;
  await allocate(node, name, metadata.uid);
}

/** As the scheduler does it. */
async function allocate({ client }: AgentHost, name: string, uid: string): Promise<void> {
  const results = [{ request: "gpu", driver: "test.d8s.io", pool: "p", device: "d" }];
  const status = { allocation: { devices: { results } }, reservedFor: [{ resource: "pods", name, uid }] };
  const ref = { namespace: "default", name: "gpu" };
  await client.patch(ResourceClaim, ref, { type: "merge", body: { status } as Json }, { subresource: "status" });
}

async function inside({ host }: AgentHost, container: string, command: string): Promise<string> {
  const line = (await containersOf(host)).find((one) => one.includes(`_${container}_user_`));
  return (await host.run(["docker", "exec", line!.split(" ")[1]!, "sh", "-c", command])).stdout.trim();
}

const hasGo = (await runCommand(["sh", "-c", "command -v go"], { check: false })).code === 0;
if (!hasGo) console.log("skipped: there is no Go on this machine to build a driver of ResourceClaims with");

Deno.test({
  name:
    "a driver prepares a claim once and takes it back with its pod, over the agent's death; who names it gets its devices",
  ignore: !hasGo,
  async fn() {
    await using node = await agentHost();
    const { host, client } = node;
    const program = `${host.folder}/driver`;
    await runCommand(["go", "build", "-o", program, "./driver"], { cwd: `${import.meta.dirname}/go_device_plugin` });
    let agent = await node.start({ as: "node" });
    await makeClaim(node);
    const sleeps = { image: busyboxImage, command: ["sleep", "100000"] };
    const containers = [
      { ...sleeps, name: "with", resources: { claims: [{ name: "mine", request: "gpu" }] } },
      { ...sleeps, name: "without" },
    ];
    await makePod(client, "user", { spec: { ...claimed, containers } });
    await reserveFor(node, "user");
    await told(node, /DRA driver test.d8s.io is not registered on this node$/);
    const registry = `${folderOf(host)}/plugins_registry`;
    const driver = host.spawn([program, registry, `${host.folder}/dra.sock`, "/var/run/cdi"], { stderr: "inherit" });
    await seen(client, "user", isReady);
    const look = "echo $DRIVER $CLAIMED; ls -d /dev/claimed /claimed/*.json 2>/dev/null | sed 's/claim-.*/FILE/'";
    assert.equal(await inside(node, "with", look), "test gpu\n/claimed/FILE\n/dev/claimed");
    assert.equal(await inside(node, "without", look), "");

    const exporter = `${host.folder}/exporter`;
    await runCommand(["go", "build", "-o", exporter, "./exporter"], { cwd: `${import.meta.dirname}/go_device_plugin` });
    const socket = `${folderOf(host)}/pod-resources/kubelet.sock`;
    const { stdout: exported } = await host.run([exporter, socket, "default", "user"]);
    assert.deepEqual(exported.split("\n").slice(0, 3), [
      "default user with []",
      "default gpu test.d8s.io p d 1",
      "default user without []",
    ]);

    await agent.kill();
    agent = await node.start({ as: "node" });
    await client.delete(Pod, { namespace: "default", name: "user" });
    await seen(client, "user", (pod) => pod === undefined);
    await assertNothingLeft(host, "user");
    assert.equal(await Deno.readTextFile(`${folderOf(host)}/claims.json`), "[]");
    driver.kill("SIGKILL");
    const { stdout } = await driver.output();
    const asked = new TextDecoder().decode(stdout).trim().split("\n").filter((line) => !line.startsWith("registered"));
    assert.deepEqual(asked, ["prepare default gpu", "unprepare default gpu"]);
    await agent.kill();
  },
});

Deno.test("the slices of a driver that stays away are withdrawn, this node's and no other's", async () => {
  await using server = await apiServer({ node: { name: "n1", ips: [] } });
  const { client, url, ca, pki } = server;
  const slice = (name: string, nodeName: string, driver: string) => {
    const pool = { name: nodeName, generation: 1, resourceSliceCount: 1 };
    const spec = { nodeName, driver, pool, devices: [{ name: "d" }] };
    return client.create(ResourceSlice, {
      ...{ apiVersion: "resource.k8s.io/v1", kind: "ResourceSlice", metadata: { name } },
      spec,
    } as never);
  };
  await slice("own", "n1", "gone.io");
  await slice("others", "n2", "gone.io");
  await slice("other", "n1", "here.io");
  const late: (() => void)[] = [];
  const deleted = Promise.withResolvers<void>();
  const node = httpsClient({ server: url, ca, ...pki.node! });
  const drivers = new DraDrivers({
    client: { raw: (...args) => node.raw(...args).finally(deleted.resolve) },
    nodeName: "n1",
    after: (_ms, run) => late.push(run),
    onRegistered: () => {},
    onError: (_driver, error) => deleted.reject(error),
  });
  const plugin = (name: string) => ({ name, endpoint: "", type: "DRAPlugin", supported_versions: ["v1.DRAPlugin"] });
  for (const name of ["gone.io", "here.io"]) {
    await drivers.register(plugin(name));
    await drivers.deregister(plugin(name));
  }
  await drivers.register(plugin("here.io"));
  for (const run of late) run();
  await deleted.promise;
  const { items } = await client.list(ResourceSlice);
  assert.deepEqual(items.map(({ metadata }) => metadata.name).sort(), ["other", "others"]);
});
