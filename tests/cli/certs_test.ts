/** A master that runs takes up new certificates, and the command that makes them lists them. */
import assert from "node:assert/strict";
import { connect } from "node:tls";
import { loopUser } from "../../runtime/auth/mod.ts";
import { certificateSigningRequests } from "../../controllers/certificate_signing_request.ts";
import { listCerts, renewCerts, rotateTokenKey } from "../../runtime/cli/certs.ts";
import type { Loops } from "../../runtime/cli/loops.ts";
import { machineDefaults } from "../../runtime/cli/machine_defaults.ts";
import { makePki, openSettingsStore, startMaster } from "../../runtime/cli/master_process.ts";
import { settingsFrom } from "../../runtime/cli/settings.ts";

const loops = {
  version: "0.0.0",
  master: (parts) => Promise.resolve([certificateSigningRequests(parts)]),
} as Partial<Loops> as Loops;

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

function shownSerial(port: number, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, ca }, () => {
      resolve(socket.getPeerCertificate().serialNumber);
      socket.destroy();
    });
    socket.once("error", reject);
  });
}

Deno.test("certs rotate-token-key makes a running master sign tokens with a new key and believe the old one's", async () => {
  const dir = await Deno.makeTempDir();
  const settings = settingsFrom({ "data-dir": dir, "bind-address": "127.0.0.1", port: freePort() }, machineDefaults());
  const options = { settings, loops, manifests: [], withNode: false };
  const master = await startMaster(options, { pki: await makePki(options), store: await openSettingsStore(settings) });
  const keyIds = async () => {
    const answer = await master.api.rawRequest(loopUser("test"), new Request("https://api/openid/v1/jwks"));
    return ((await answer.json()).keys as { kid: string }[]).map(({ kid }) => kid);
  };
  try {
    const [first] = await keyIds();
    const renewed = new Promise<void>((resolve) => master.onRenewed(() => resolve()));
    const kept = await rotateTokenKey(settings);
    await renewed;
    const [second, ...others] = await keyIds();
    assert.notEqual(second, first);
    assert.deepEqual(others, [first]);
    const lines = await listCerts(settings, Date.now());
    assert.match(lines.find((line) => line.includes("/sa.key"))!, /signs$/);
    assert.ok(lines.some((line) => line.startsWith(kept)));
  } finally {
    await master.stop(0);
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("certs renew makes a running master show a new certificate, without a restart", async () => {
  const dir = await Deno.makeTempDir();
  const port = freePort();
  const settings = settingsFrom({ "data-dir": dir, "bind-address": "127.0.0.1", port }, machineDefaults());
  const options = { settings, loops, manifests: [], withNode: false };
  const master = await startMaster(options, { pki: await makePki(options), store: await openSettingsStore(settings) });
  try {
    const before = await shownSerial(port, master.pki.ca.cert);
    const oldAdmin = master.pki.admin;
    const renewed = new Promise<void>((resolve) => master.onRenewed(() => resolve()));
    const files = await renewCerts(settings);
    assert.ok(files.includes(`${dir}/pki/apiserver.crt`));
    assert.ok(!files.some((file) => file.endsWith("ca.crt")));
    await renewed;
    assert.notEqual(await shownSerial(port, master.pki.ca.cert), before);
    assert.notEqual(master.pki.admin.cert, oldAdmin.cert);
    assert.equal(master.pki.admin.key, oldAdmin.key);
    const [head, ...lines] = await listCerts(settings, Date.now());
    assert.match(head!, /^CERTIFICATE +EXPIRES +LEFT +NAMES$/);
    assert.match(lines.find((line) => line.includes("/apiserver.crt"))!, /729d +localhost,kubernetes/);
    const later = await listCerts(settings, Date.now() + 731 * 86_400_000);
    assert.match(later.find((line) => line.includes("/admin.crt"))!, /EXPIRED/);
  } finally {
    await master.stop(0);
    await Deno.remove(dir, { recursive: true });
  }
});
