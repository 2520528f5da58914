import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { ensurePki, nearsExpiry, publicKeyHash, readCertificate, signedBy } from "../../runtime/auth/mod.ts";

const names = { hostnames: ["box"], ips: ["192.0.2.7", "fd00:0:0::2"] };
const dayMs = 86_400_000;

async function inFolder(run: (dir: string) => Promise<void>) {
  const dir = await Deno.makeTempDir();
  try {
    await run(`${dir}/pki`);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("the PKI is made once, stays the same at the next start, and is readable by its owner alone", () =>
  inFolder(async (dir) => {
    const first = await ensurePki(dir, { ...names, node: { name: "box", ips: ["192.0.2.7"] } });
    assert.deepEqual(await ensurePki(dir, { ...names, node: { name: "box", ips: ["192.0.2.7"] } }), first);
    assert.equal((await Deno.stat(dir)).mode! & 0o777, 0o700);
    for await (const file of Deno.readDir(dir)) {
      assert.equal((await Deno.stat(`${dir}/${file.name}`)).mode! & 0o777, 0o600, file.name);
      assert.ok(!file.name.endsWith(".tmp"), file.name);
    }
    const admin = new X509Certificate(first.admin.cert);
    assert.equal(admin.subject, "O=system:masters\nCN=kubernetes-admin");
    assert.ok(signedBy(first.node!.cert, first.ca.cert));
    assert.ok(!signedBy(first.frontProxyClient.cert, first.ca.cert));
  }));

Deno.test("the API server's certificate names every way to reach it, and is issued again when a way is added", () =>
  inFolder(async (dir) => {
    const before = await ensurePki(dir, names);
    const named = readCertificate(before.apiserver.cert).names;
    const always = ["localhost", "127.0.0.1", "10.96.0.1", "kubernetes", "kubernetes.default.svc.cluster.local"];
    for (const name of [...always, "box", "192.0.2.7", "fd00::2"]) assert.ok(named.includes(name), name);
    const after = await ensurePki(dir, { ...names, ips: [...names.ips, "192.0.2.8"] });
    assert.ok(readCertificate(after.apiserver.cert).names.includes("192.0.2.8"));
    assert.equal(after.apiserver.key, before.apiserver.key);
    assert.equal(after.admin.cert, before.admin.cert);
  }));

Deno.test("what has less than a third of its life left is renewed at start, and a renewed authority keeps its key", () =>
  inFolder(async (dir) => {
    const nowMs = Date.now();
    const young = await ensurePki(dir, { ...names, nowMs });
    const later = await ensurePki(dir, { ...names, nowMs: nowMs + 500 * dayMs });
    assert.equal(later.ca.cert, young.ca.cert);
    assert.notEqual(later.admin.cert, young.admin.cert);
    const old = await ensurePki(dir, { ...names, nowMs: nowMs + 3000 * dayMs });
    assert.notEqual(old.ca.cert, young.ca.cert);
    assert.equal(publicKeyHash(old.ca.cert), publicKeyHash(young.ca.cert));
    assert.ok(signedBy(later.admin.cert, old.ca.cert));
    assert.ok(!nearsExpiry(readCertificate(old.admin.cert), nowMs + 3000 * dayMs));
  }));

Deno.test("a folder that was left half made is completed, and an authority without its key is never replaced", () =>
  inFolder(async (dir) => {
    const first = await ensurePki(dir, names);
    await Deno.remove(`${dir}/apiserver.crt`);
    await Deno.writeTextFile(`${dir}/admin.crt`, first.admin.cert.slice(0, 100));
    await Deno.remove(`${dir}/front-proxy-client.key`);
    const second = await ensurePki(dir, names);
    assert.equal(second.ca.cert, first.ca.cert);
    assert.ok(signedBy(second.admin.cert, second.ca.cert));
    await Deno.remove(`${dir}/ca.key`);
    await assert.rejects(ensurePki(dir, names), /ca\.key is missing while .*ca\.crt is there/);
  }));
