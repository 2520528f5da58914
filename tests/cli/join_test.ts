/** A machine joins a real master over HTTPS: only the node's loops are left out. */
import assert from "node:assert/strict";
import { certificateSigningRequests } from "../../controllers/certificate_signing_request.ts";
import {
  type JoinToken,
  kubeletClientSigner,
  newPrivateKey,
  newSigningRequest,
  parseJoinToken,
  readCertificate,
  signedBy,
} from "../../runtime/auth/mod.ts";
import { join, type JoinOptions } from "../../runtime/cli/join.ts";
import type { Loops } from "../../runtime/cli/loops.ts";
import { makePki, type Master, openSettingsStore, startMaster } from "../../runtime/cli/master_process.ts";
import { machineDefaults } from "../../runtime/cli/machine_defaults.ts";
import { type Settings, settingsFrom } from "../../runtime/cli/settings.ts";
import { createToken, deleteToken, listTokens } from "../../runtime/cli/token.ts";
import { httpsClient } from "../../runtime/client/mod.ts";
import { CertificateSigningRequest, isReason, Node, Secret } from "../../runtime/schema/mod.ts";

const loops = {
  version: "0.0.0",
  master: (parts) => Promise.resolve([certificateSigningRequests(parts)]),
} as Partial<Loops> as Loops;

interface World {
  readonly master: Master;
  readonly settings: Settings;
  readonly server: string;
  /** Of a new machine, with a token of its own. */
  joining(nodeName: string, token?: JoinToken): JoinOptions;
  newToken(): Promise<JoinToken>;
}

async function withMaster(run: (world: World) => Promise<void>) {
  const dir = await Deno.makeTempDir();
  const stopping = new AbortController();
  const settings = settingsFrom({ "data-dir": dir, "bind-address": "127.0.0.1", port: freePort() }, machineDefaults());
  const options = { settings, loops, manifests: [], withNode: false };
  const master = await startMaster(options, { pki: await makePki(options), store: await openSettingsStore(settings) });
  try {
    await master.startLoops();
    const server = `https://127.0.0.1:${settings.port}`;
    const joining = (nodeName: string, token?: JoinToken) => {
      const { signal } = stopping;
      return { server, token, nodeName, nodeIp: "192.0.2.9", dir: `${dir}/${nodeName}`, signal };
    };
    const newToken = async () => {
      const line = await createToken(settings, { ttlMs: 60_000, description: "a test" });
      return parseJoinToken(/--token (\S+)$/.exec(line)![1]!);
    };
    await run({ master, settings, server, joining, newToken });
  } finally {
    stopping.abort();
    await master.stop(0);
    await Deno.remove(dir, { recursive: true });
  }
}

function freePort(): number {
  using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  return (listener.addr as Deno.NetAddr).port;
}

Deno.test("a machine joins with a token, and then speaks as its node with keys that only it has", () =>
  withMaster(async ({ master, server, joining, newToken }) => {
    const joined = await join(joining("worker", await newToken()));
    assert.equal(joined.ca, master.pki.ca.cert);
    assert.ok(signedBy(joined.serving.cert, joined.ca));
    assert.deepEqual(readCertificate(joined.serving.cert).names, ["worker", "192.0.2.9"]);
    using client = httpsClient({ server, ca: joined.ca, ...joined.client });
    assert.equal((await client.get(Node, { name: "worker" }))?.metadata.name, "worker");
    for await (const { name } of Deno.readDir(joining("worker").dir)) {
      assert.equal((await Deno.stat(`${joining("worker").dir}/${name}`)).mode! & 0o777, 0o600, name);
    }
    assert.deepEqual(await join(joining("worker")), joined); // the next start needs no token
  }));

Deno.test("a token for another cluster is noticed before anything secret is said", () =>
  withMaster(async ({ joining, newToken }) => {
    const token = await newToken();
    await assert.rejects(
      join(joining("lost", { ...token, caHash: "0".repeat(64) })),
      /is not the cluster that the token is for/,
    );
  }));

Deno.test("a deleted token joins nobody, and a token alone opens nothing else", () =>
  withMaster(async ({ master, settings, server, joining, newToken }) => {
    const token = await newToken();
    const { id, secret } = token.bootstrap;
    assert.match((await listTokens(settings)).join("\n"), new RegExp(`^${id} .* a test$`, "m"));
    using client = httpsClient({ server, ca: master.pki.ca.cert, token: `${id}.${secret}` });
    await assert.rejects(client.list(Secret), (error) => isReason(error, "Forbidden"));
    await deleteToken(settings, id);
    await assert.rejects(join(joining("late", token)), (error) => isReason(error, "Unauthorized"));
    await assert.rejects(deleteToken(settings, id), /there is no token/);
  }));

Deno.test("one node can't get the certificate of another, nor one for an address that is not its own", () =>
  withMaster(async ({ joining, newToken }) => {
    const joined = await join(joining("worker", await newToken()));
    const { dir } = joining("worker");
    await Deno.remove(`${dir}/serving.crt`);
    await assert.rejects(
      join({ ...joining("other"), dir }),
      (error: Error) => /is another node|forbidden/i.test(error.message),
    );
    assert.ok(joined);
  }));

Deno.test("who asks for a certificate is the API server's word, whatever the request claims", () =>
  withMaster(async ({ master, server, newToken }) => {
    const { bootstrap: { id, secret } } = await newToken();
    using client = httpsClient({ server, ca: master.pki.ca.cert, token: `${id}.${secret}` });
    const subject = { commonName: "kubernetes-admin", organizations: ["system:masters"] };
    const request = await newSigningRequest(await newPrivateKey(), { subject, usages: ["client"] });
    const forged = { username: "system:node:worker", groups: ["system:masters"] };
    const { metadata, spec } = await client.create(CertificateSigningRequest, {
      apiVersion: "certificates.k8s.io/v1",
      kind: "CertificateSigningRequest",
      metadata: { generateName: "forged-" },
      spec: {
        ...forged,
        request: btoa(request),
        signerName: kubeletClientSigner,
        usages: ["digital signature", "client auth"],
      },
    });
    assert.equal(spec.username, `system:bootstrap:${id}`);
    assert.ok(!spec.groups?.includes("system:masters"));
    for await (const event of client.watch(CertificateSigningRequest, { signal: AbortSignal.timeout(10_000) })) {
      if (event.type === "BOOKMARK" || event.object.metadata.name !== metadata.name) continue;
      const [condition] = event.object.status?.conditions ?? [];
      if (!condition) continue;
      assert.equal(condition.type, "Denied");
      assert.equal(event.object.status?.certificate, undefined);
      return;
    }
    assert.fail("nobody decided");
  }));
