import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import {
  decide,
  kubeletClientSigner,
  kubeletServingSigner,
  newPrivateKey,
  newSigningRequest,
  readCertificate,
  readSigningRequest,
  type RequestFacts,
  selfSign,
  signedBy,
  signRequest,
} from "../../runtime/auth/mod.ts";

const nowMs = Date.parse("2026-01-01T00:00:00Z");
const subject = { commonName: "system:node:a", organizations: ["system:nodes"] };
const bare = { subject, dnsNames: [], ips: [], otherNames: [] };

const join: RequestFacts = {
  signerName: kubeletClientSigner,
  usages: ["digital signature", "client auth"],
  username: "system:bootstrap:abcdef",
  groups: ["system:bootstrappers"],
  content: bare,
  nodeAddresses: [],
};
const serving: RequestFacts = {
  ...join,
  signerName: kubeletServingSigner,
  usages: ["digital signature", "key encipherment", "server auth"],
  username: "system:node:a",
  groups: ["system:nodes"],
  content: { ...bare, dnsNames: ["a"], ips: ["192.0.2.7"] },
  nodeAddresses: ["192.0.2.7", "a"],
};

Deno.test("a joining machine and a node that renews get their client certificate", () => {
  assert.equal(decide(join)?.approve, true);
  assert.equal(decide({ ...join, username: "system:node:a", groups: ["system:nodes"] })?.approve, true);
});

Deno.test("nobody gets a certificate that is not his to have, and each refusal says why", () => {
  const wrong: [RequestFacts, RegExp][] = [
    [{ ...join, username: "system:node:b", groups: ["system:nodes"] }, /may not ask for the certificate of/],
    [
      { ...join, content: { ...bare, subject: { ...subject, organizations: ["system:masters"] } } },
      /system:nodes alone/,
    ],
    [{ ...join, content: { ...bare, subject: { ...subject, commonName: "kubernetes-admin" } } }, /does not begin with/],
    [{ ...join, usages: [...join.usages, "server auth"] }, /"server auth" is not for this signer/],
    [{ ...join, content: { ...bare, dnsNames: ["a"] } }, /carries no names/],
    [{ ...serving, username: "system:node:b" }, /is another node/],
    [{ ...serving, content: { ...bare, ips: ["10.96.0.1"] } }, /10\.96\.0\.1 is not an address of the Node/],
    [{ ...serving, content: bare }, /needs a name/],
  ];
  for (const [facts, message] of wrong) {
    const verdict = decide(facts);
    assert.equal(verdict?.approve, false);
    assert.match(verdict!.message, message);
  }
  assert.equal(decide(serving)?.approve, true);
  assert.equal(decide({ ...join, signerName: "example.com/mine" }), undefined);
});

Deno.test("a signed request is for the key that asked, lasts as asked for, and a forged one is refused", async () => {
  const validity = { notBefore: new Date(nowMs), notAfter: new Date(nowMs + 1e11) };
  const caKey = await newPrivateKey();
  const ca = { key: caKey, cert: await selfSign(caKey, "d8s-ca", validity) };
  const key = await newPrivateKey();
  const request = await newSigningRequest(key, { subject, usages: ["server"], dnsNames: ["a"], ips: ["192.0.2.7"] });
  assert.deepEqual(await readSigningRequest(request), { ...bare, dnsNames: ["a"], ips: ["192.0.2.7"] });
  const cert = await signRequest(ca, request, { signerName: kubeletServingSigner, expirationSeconds: 3600, nowMs });
  assert.ok(signedBy(cert, ca.cert));
  assert.equal(readCertificate(cert).notAfterMs, nowMs + 3_600_000);
  assert.deepEqual(readCertificate(cert).names, ["a", "192.0.2.7"]);
  assert.equal(new X509Certificate(cert).ca, false);
  const lines = request.split("\n");
  lines[2] = lines[2]!.replace(/[a-z]/, (letter) => letter === "a" ? "b" : "a");
  await assert.rejects(readSigningRequest(lines.join("\n")));
});
