/** Certificates of ClusterTrustBundles in pods: what a projected source chooses, and how files follow. */
import assert from "node:assert/strict";
import { trustAnchors, type TrustBundle } from "../../controllers/kubelet/volumes/trust_bundles.ts";
import {
  ClusterTrustBundle,
  Event,
  type IClusterTrustBundle,
  type Json,
  optionalResources,
  Pod,
} from "../../runtime/schema/mod.ts";
import { type AgentHost, agentHost, assertNothingLeft, isReady, makePod, seen } from "./agent_host.ts";

const signerName = "example.com/a";
const pem = (body: string) => `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`;

function bundle(name: string, trustBundle: string, more: { signerName?: string; labels?: object } = {}): TrustBundle {
  const { labels, ...spec } = more;
  return { ...headOf(name, labels), spec: { trustBundle, ...spec } } as unknown as TrustBundle;
}

function headOf(name: string, labels?: object) {
  return { apiVersion: "certificates.k8s.io/v1beta1", kind: "ClusterTrustBundle", metadata: { name, labels } };
}

Deno.test("each certificate comes once, of one bundle or of a signer's bundles with the labels", () => {
  const [a, b, c] = [pem("AAAA"), pem("BBBB"), pem("CCCC")];
  const long = pem("A".repeat(64) + "\n" + "B".repeat(8));
  const bundles = [
    bundle("free", `of nobody\n${c}${a}`),
    bundle("example.com:a:new", b + a, { signerName, labels: { live: "yes" } }),
    bundle("example.com:a:old", a + long, { signerName }),
  ];
  const anchors = (source: object) => trustAnchors({ path: "ca.pem", ...source }, bundles);
  assert.equal(anchors({ name: "free" }), a + c);
  assert.equal(anchors({ signerName, labelSelector: {} }), a + long + b);
  assert.equal(anchors({ signerName, labelSelector: { matchLabels: { live: "yes" } } }), a + b);
  assert.throws(() => anchors({ name: "other" }), /^MountError: clustertrustbundle.certificates.k8s.io "other" not f/);
  assert.throws(() => anchors({ signerName }), /combination of signerName and labelSelector matched zero/);
  assert.equal(anchors({ signerName: "example.com/b", labelSelector: {}, optional: true }), "");
});

function podWith(source: object, word: string) {
  const check = { exec: { command: ["grep", "-q", word, "/trust/ca.pem"] }, periodSeconds: 1 };
  const volumeMounts = [{ name: "trust", mountPath: "/trust" }];
  const volumes = [{ name: "trust", projected: { sources: [{ clusterTrustBundle: { path: "ca.pem", ...source } }] } }];
  return { container: { volumeMounts, readinessProbe: check }, spec: { volumes } };
}

async function told({ client }: AgentHost, words: RegExp): Promise<void> {
  const signal = AbortSignal.timeout(30_000);
  for await (const event of client.watch(Event, { namespace: "default", signal })) {
    if (event.type !== "BOOKMARK" && words.test(event.object.message ?? "")) return;
  }
  signal.throwIfAborted();
}

/** A line of the certificate that no other has. */
function lineOf(cert: string): string {
  return cert.trim().split("\n").at(-3)!.replaceAll("+", "[+]");
}

Deno.test("a pod waits for its bundle and says so, gets it as a node may read it, and sees what changes", async () => {
  await using node = await agentHost({ optional: optionalResources });
  const { client, server: { pki } } = node;
  const agent = await node.start({ as: "node" });
  const [first, second] = [pki.ca.cert, pki.frontProxyCa.cert];
  await makePod(client, "waits", podWith({ name: "mine" }, lineOf(first)));
  await told(node, /MountVolume.SetUp failed for volume "trust" : clustertrustbundle\S+ "mine" not found/);
  await client.create(ClusterTrustBundle, bundle("mine", first) as IClusterTrustBundle);
  await seen(client, "waits", isReady);

  const labelSelector = { matchLabels: { live: "yes" } };
  await makePod(client, "follows", podWith({ signerName, labelSelector, optional: true }, lineOf(second)));
  await seen(client, "follows", (pod) => pod?.status?.phase === "Running");
  const name = "example.com:a:one";
  await client.create(ClusterTrustBundle, bundle(name, first, { signerName, labels: { live: "yes" } }) as never);
  const body = { spec: { trustBundle: first + second } } as Json;
  await client.patch(ClusterTrustBundle, { name }, { type: "merge", body });
  await seen(client, "follows", isReady);
  for (const pod of ["waits", "follows"]) {
    await client.delete(Pod, { namespace: "default", name: pod });
    await seen(client, pod, (one) => one === undefined);
  }
  await assertNothingLeft(node.host, "after the pods");
  await agent.kill();
});

Deno.test("where bundles are not served the pod waits, and is told which flag serves them", async () => {
  await using node = await agentHost();
  const agent = await node.start();
  await makePod(node.client, "waits", podWith({ name: "mine", optional: true }, "x"));
  await told(node, /certificates.k8s.io\/v1beta1, which this cluster does not serve \(--runtime-config\)/);
  await agent.kill();
});
