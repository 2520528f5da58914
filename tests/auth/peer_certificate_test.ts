import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { isVersion3, newPrivateKey, peerCertificate, selfSign, signLeaf } from "../../runtime/auth/mod.ts";

const validity = { notBefore: new Date(), notAfter: new Date(Date.now() + 1e9) };

async function version1(dir: string): Promise<string> {
  const run = (...args: string[]) => new Deno.Command("openssl", { args, cwd: dir, stderr: "null" }).output();
  await run(
    "req",
    "-new",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
    "-keyout",
    "k",
    "-subj",
    "/O=system:masters/CN=root",
    "-out",
    "r",
  );
  await run("x509", "-req", "-in", "r", "-signkey", "k", "-days", "1", "-out", "c");
  return await Deno.readTextFile(`${dir}/c`);
}

Deno.test("a certificate of version 1 is nobody, though the listener calls it authorized", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const raw = new Uint8Array(new X509Certificate(await version1(dir)).raw);
    assert.ok(!isVersion3(raw));
    const socket = {
      authorized: true,
      getPeerCertificate: () => ({ raw, subject: { CN: "root", O: "system:masters" } }),
    };
    assert.equal(peerCertificate(socket as never), undefined);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("a certificate counts when it was verified, and not when it was only shown", async () => {
  const key = await newPrivateKey();
  const ca = { key, cert: await selfSign(key, "ca", validity) };
  const subject = { commonName: "alice", organizations: ["dev", "ops"] };
  const { raw, fingerprint256 } = new X509Certificate(
    await signLeaf(ca, key, { subject, usages: ["client"], validity }),
  );
  const fingerprint = fingerprint256.replaceAll(":", "").toLowerCase();
  const getPeerCertificate = () => ({ raw, subject: { CN: "alice", O: ["dev", "ops"] } });
  assert.deepEqual(peerCertificate({ authorized: true, getPeerCertificate } as never), { ...subject, fingerprint });
  assert.equal(peerCertificate({ authorized: false, getPeerCertificate } as never), undefined);
  for (const der of [[], [0x30], [0x30, 0x82, 0, 0], [0x31, 0]]) assert.ok(!isVersion3(Uint8Array.from(der)));
});
