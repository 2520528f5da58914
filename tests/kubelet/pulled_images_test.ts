/** Images of a registry that wants credentials: who may run what is on the node already, and what a pod is told else. */
import assert from "node:assert/strict";
import { Event, Secret } from "../../runtime/schema/mod.ts";
import type { Pod as PodObject } from "../../controllers/kubelet/pod/pod.ts";
import { busyboxImage } from "../support/busybox_image.ts";
import { type AgentHost, agentHost, isReady, makePod, type PodWish, seen } from "./agent_host.ts";

const image = "127.0.0.1:5000/private/app:1";
const imagePullSecrets = [{ name: "registry" }];

async function startRegistry({ host }: AgentHost): Promise<void> {
  const folder = `${host.folder}/saved`;
  await host.run(["sh", "-ec", `mkdir "$0"; docker save ${busyboxImage} | tar -C "$0" -x`, folder]);
  const program = new URL("registry.ts", import.meta.url).pathname;
  const { stdout } = host.spawn([Deno.execPath(), "run", "--quiet", "--allow-all", program, folder], {
    stderr: "inherit",
  });
  const reader = stdout.getReader();
  await reader.read();
}

async function makeSecret({ client }: AgentHost, password: string, name: string): Promise<void> {
  const auths = { "127.0.0.1:5000": { username: "me", password } };
  await client.create(Secret, {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, namespace: "default" },
    type: "kubernetes.io/dockerconfigjson",
    data: { ".dockerconfigjson": btoa(JSON.stringify({ auths })) },
  });
}

const waiting = (pod: PodObject | undefined) => pod?.status?.containerStatuses?.[0]?.state?.waiting;

/** Why it does not run. */
async function refused({ client }: AgentHost, name: string, wish: PodWish): Promise<[string?, string?]> {
  await makePod(client, name, wish);
  const pod = await seen(client, name, (one) => isReady(one) || (waiting(one)?.message ?? "") !== "");
  return [waiting(pod)?.reason, waiting(pod)?.message];
}

async function runs({ client }: AgentHost, name: string, wish: PodWish): Promise<void> {
  await makePod(client, name, wish);
  await seen(client, name, isReady);
}

async function eventsOf({ client }: AgentHost, name: string): Promise<string[]> {
  const { items } = await client.list(Event, { namespace: "default" });
  return items.filter(({ involvedObject }) => involvedObject.name === name)
    .map(({ reason, message }) => `${reason}: ${message}`);
}

Deno.test("an image that was pulled with credentials is for who has them, also after the agent was killed", async () => {
  await using node = await agentHost();
  await startRegistry(node);
  await makeSecret(node, "secret", "registry");
  await makeSecret(node, "wrong", "mistaken");
  const agent = await node.start();
  const container = { image, imagePullPolicy: "IfNotPresent" };
  const denied = /ErrImagePull|ImagePullBackOff/;

  assert.match((await refused(node, "early", { container }))[0]!, denied);
  await runs(node, "owner", { container, spec: { imagePullSecrets } });
  const [reason, message] = await refused(node, "thief", { container });
  assert.match(reason!, denied);
  assert.match(message!, /no basic auth credentials|unauthorized/);
  assert.match(
    (await refused(node, "liar", { container, spec: { imagePullSecrets: [{ name: "mistaken" }] } }))[0]!,
    denied,
  );
  assert.deepEqual(await refused(node, "never", { container: { image, imagePullPolicy: "Never" } }), [
    "ErrImageNeverPull",
    `Container image "${image}" is present with pull policy of Never but does not have the proper credentials`,
  ]);
  await runs(node, "friend", { container, spec: { imagePullSecrets } });
  const present = `Pulled: Container image "${image}" already present on machine and can be accessed by the pod`;
  assert.ok((await eventsOf(node, "friend")).includes(present));
  await runs(node, "reader", {
    container: { volumeMounts: [{ name: "files", mountPath: "/files" }] },
    spec: { imagePullSecrets, volumes: [{ name: "files", image: { reference: image, pullPolicy: "IfNotPresent" } }] },
  });

  await agent.kill();
  const next = await node.start();
  assert.match((await refused(node, "second-thief", { container }))[0]!, denied);
  const open = { image: "127.0.0.1:5001/public/app:1", imagePullPolicy: "IfNotPresent" };
  await runs(node, "anybody", { container: open });
  // The two names are of one image, which is anybody's since somebody had it for nothing.
  await runs(node, "late", { container });
  const bad = "Bad Image:::";
  const why =
    `Failed to apply default image tag "${bad}": couldn't parse image name "${bad}": invalid reference format`;
  assert.deepEqual(await refused(node, "misnamed", { container: { image: bad } }), ["InvalidImageName", why]);
  await next.kill();
});
