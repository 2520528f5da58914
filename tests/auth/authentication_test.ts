import assert from "node:assert/strict";
import fc from "fast-check";
import {
  anyOf,
  type BootstrapSecret,
  bootstrapSecret,
  bootstrapTokens,
  clientCertificates,
  formatJoinToken,
  newBootstrapToken,
  newPrivateKey,
  parseJoinToken,
  publicKeyHash,
  selfSign,
  serviceAccountTokens,
  tokenIssuer,
} from "../../runtime/auth/mod.ts";

const start = Date.parse("2026-01-01T00:00:00Z");
const unauthorized = { code: 401, message: "Unauthorized" };

function stored(token: { id: string; secret: string }, change: Record<string, string> = {}): BootstrapSecret {
  const { stringData, ...rest } = bootstrapSecret(token, { expiresMs: start + 1000, description: "test" });
  const fields = Object.entries({ ...stringData, ...change }).map(([name, text]) => [name, btoa(text)]);
  return { ...rest, data: Object.fromEntries(fields) };
}

Deno.test("a client certificate is its common name in its organizations", async () => {
  const certificate = { commonName: "system:node:a", organizations: ["system:nodes"] };
  assert.deepEqual(await clientCertificates()({ certificate }), {
    name: "system:node:a",
    groups: ["system:nodes", "system:authenticated"],
  });
});

Deno.test("a bootstrap token counts until it expires, and only with its own secret", async () => {
  const token = newBootstrapToken();
  const header = { authorization: `Bearer ${token.id}.${token.secret}` };
  const accepts = (secret: BootstrapSecret | undefined, now = start) =>
    bootstrapTokens(() => Promise.resolve(secret), () => now)(header);
  assert.deepEqual(await accepts(stored(token)), {
    name: `system:bootstrap:${token.id}`,
    groups: ["system:bootstrappers", "system:authenticated"],
  });
  await assert.rejects(accepts(undefined), unauthorized);
  await assert.rejects(accepts(stored(token), start + 1000), unauthorized);
  await assert.rejects(accepts(stored(token, { "token-secret": "0".repeat(16) })), unauthorized);
  await assert.rejects(accepts(stored(token, { "usage-bootstrap-authentication": "false" })), unauthorized);
  await assert.rejects(accepts({ ...stored(token), type: "Opaque" }), unauthorized);
  const extra = await accepts(stored(token, { "auth-extra-groups": "system:masters,system:bootstrappers:racks" }));
  assert.deepEqual(extra?.groups, ["system:bootstrappers", "system:bootstrappers:racks", "system:authenticated"]);
});

Deno.test("a header that nobody knows is refused, no credentials at all are nobody's business", async () => {
  const issuer = tokenIssuer({ key: await newPrivateKey(), lookup: () => Promise.resolve(undefined) });
  const all = anyOf(
    clientCertificates(),
    serviceAccountTokens(issuer),
    bootstrapTokens(() => Promise.resolve(undefined)),
  );
  assert.equal(await all({}), undefined);
  for (const authorization of ["Bearer x", "Bearer a.b.c", "Basic YTpi", "bearer", "Bearer abcdef.0123456789abcdef"]) {
    await assert.rejects(all({ authorization }), unauthorized, authorization);
  }
  const certificate = { commonName: "kubernetes-admin", organizations: ["system:masters"] };
  assert.equal((await all({ certificate, authorization: "Bearer x" }))?.name, "kubernetes-admin");
});

Deno.test("no text whatever in the header crashes authentication or lets one in", async () => {
  const issuer = tokenIssuer({ key: await newPrivateKey(), lookup: () => Promise.resolve(undefined) });
  const all = anyOf(
    clientCertificates(),
    serviceAccountTokens(issuer),
    bootstrapTokens(() => Promise.resolve(undefined)),
  );
  await fc.assert(
    fc.asyncProperty(fc.string({ minLength: 1 }), async (text) => {
      await assert.rejects(all({ authorization: `Bearer ${text}` }), unauthorized);
    }),
    { seed: 7 },
  );
});

Deno.test("a join token carries the hash of the cluster's CA, and a mangled one is refused without repeating it", async () => {
  const validity = { notBefore: new Date(start), notAfter: new Date(start + 1e9) };
  const ca = await selfSign(await newPrivateKey(), "d8s-ca", validity);
  const bootstrap = newBootstrapToken();
  const text = formatJoinToken(ca, bootstrap);
  assert.deepEqual(parseJoinToken(text), { caHash: publicKeyHash(ca), bootstrap });
  const error = await Promise.resolve().then(() => parseJoinToken(text.slice(0, -1))).catch((error) => error);
  assert.match(error.message, /join token is not complete/);
  assert.ok(!error.message.includes(bootstrap.secret.slice(0, -1)));
});
