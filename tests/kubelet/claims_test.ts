/** Devices of ResourceClaims in containers of a real docker, prepared by a driver that is built with Kubernetes' own bindings. */
import assert from "node:assert/strict";
import { editsFor, grantOf } from "../../controllers/kubelet/devices/cdi.ts";
import { Event, type Json, Pod, ResourceClaim } from "../../runtime/schema/mod.ts";
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
