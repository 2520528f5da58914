import assert from "node:assert/strict";
import { createPublicKey } from "node:crypto";
import { decodeProtectedHeader } from "jose";
import { type BoundLookup, newPrivateKey, tokenIssuer } from "../../runtime/auth/mod.ts";
import { StatusError } from "../../runtime/schema/mod.ts";

type Objects = Record<string, { metadata: { uid: string; deletionTimestamp?: string } }>;

const account = { name: "builder", uid: "sa-1" };
const request = { namespace: "shop", serviceAccount: account };
const start = Date.parse("2026-01-01T00:00:00Z");

async function world(objects: Objects = { "ServiceAccount shop/builder": { metadata: { uid: "sa-1" } } }) {
  const lookup: BoundLookup = (kind, { namespace, name }) =>
    Promise.resolve(objects[`${kind} ${namespace ? `${namespace}/` : ""}${name}`]);
  const clock = { now: start };
  return { objects, clock, issuer: tokenIssuer({ key: await newPrivateKey(), lookup, now: () => clock.now }) };
}

async function refusal(attempt: Promise<unknown>): Promise<string> {
  const error = await attempt.then(() => assert.fail("was accepted"), (error) => error);
  assert.ok(error instanceof StatusError && error.code === 401 && error.message === "Unauthorized");
  return (error.cause as Error).message;
}

Deno.test("a token speaks for its account, with the groups and the pod that upstream gives", async () => {
  const { issuer, objects } = await world();
  objects["Pod shop/web"] = { metadata: { uid: "pod-1" } };
  const bound = { kind: "Pod", name: "web", uid: "pod-1" } as const;
  const { token, expirationTimestamp } = await issuer.issue({ ...request, bound, node: { name: "n1", uid: "node-1" } });
  assert.equal(expirationTimestamp, "2026-01-01T01:00:00Z");
  const { user } = await issuer.verify(token);
  assert.equal(user.name, "system:serviceaccount:shop:builder");
  assert.deepEqual(user.groups, ["system:serviceaccounts", "system:serviceaccounts:shop", "system:authenticated"]);
  assert.deepEqual(user.extra?.["authentication.kubernetes.io/pod-name"], ["web"]);
  assert.deepEqual(user.extra?.["authentication.kubernetes.io/node-uid"], ["node-1"]);
});

Deno.test("a token ends with its lifetime, also when it was verified before", async () => {
  const { issuer, clock } = await world();
  const { token } = await issuer.issue({ ...request, expirationSeconds: 600 });
  await issuer.verify(token);
  clock.now += 600_000;
  assert.match(await refusal(issuer.verify(token)), /expired/);
});

Deno.test("a token ends when its account or the object that it is bound to is deleted or replaced", async () => {
  const { issuer, objects } = await world();
  objects["Secret shop/key"] = { metadata: { uid: "secret-1" } };
  const { token } = await issuer.issue({ ...request, bound: { kind: "Secret", name: "key", uid: "secret-1" } });
  await issuer.verify(token);
  objects["Secret shop/key"] = { metadata: { uid: "secret-2" } };
  assert.match(await refusal(issuer.verify(token)), /Secret key of the token has been replaced/);
  objects["Secret shop/key"] = { metadata: { uid: "secret-1" } };
  await issuer.verify(token);
  delete objects["ServiceAccount shop/builder"];
  assert.match(await refusal(issuer.verify(token)), /ServiceAccount builder of the token has been deleted/);
});

Deno.test("the use of a token in a Secret is told once a day, and the label that makes it invalid ends it", async () => {
  const type = "kubernetes.io/service-account-token";
  const secret = { type, metadata: { uid: "s", labels: {} as Record<string, string> } };
  const objects = { ServiceAccount: { metadata: { uid: "sa-1" } }, Secret: secret };
  const uses: string[] = [];
  const clock = { now: start };
  const issuer = tokenIssuer({
    key: await newPrivateKey(),
    lookup: (kind) => Promise.resolve(objects[kind as keyof typeof objects]),
    now: () => clock.now,
    secretUsed: ({ namespace, name }, day) => void uses.push(`${namespace}/${name} ${day}`),
  });
  const bound = { kind: "Secret", name: "key", uid: "s" } as const;
  const { token } = await issuer.issue({ ...request, bound, expirationSeconds: 2 ** 32 });
  await issuer.verify(token);
  await issuer.verify(token);
  clock.now += 86_400_000;
  await issuer.verify(token);
  assert.deepEqual(uses, ["shop/key 2026-01-01", "shop/key 2026-01-02"]);
  secret.metadata.labels["kubernetes.io/legacy-token-invalid-since"] = "2026-01-01";
  assert.match(
    await refusal(issuer.verify(token)),
    /in secret shop\/key for service account shop\/builder has been marked/,
  );
});

Deno.test("a token for another audience, by another key or of another algorithm is refused", async () => {
  const { issuer } = await world();
  const vault = await issuer.issue({ ...request, audiences: ["vault"] });
  assert.match(await refusal(issuer.verify(vault.token)), /audiences \["vault"\] are for others/);
  assert.deepEqual((await issuer.verify(vault.token, ["vault", "x"])).audiences, ["vault"]);
  const stranger = await (await world()).issuer.issue(request);
  assert.match(await refusal(issuer.verify(stranger.token)), /not valid/);
  const [, body] = vault.token.split(".");
  const none = `${btoa('{"alg":"none"}').replaceAll("=", "")}.${body}.`;
  assert.match(await refusal(issuer.verify(none, ["vault"])), /not valid/);
});

Deno.test("a new key signs, tokens of the old one count until it goes, and the key set names both", async () => {
  const { issuer } = await world();
  const [first, second] = [await newPrivateKey(), await newPrivateKey()];
  const retired = [createPublicKey(first).export({ type: "spki", format: "pem" }).toString()];
  issuer.use({ signing: first, retired: [] });
  const old = await issuer.issue(request);
  await issuer.verify(old.token);
  issuer.use({ signing: second, retired });
  const { token } = await issuer.issue(request);
  for (const one of [old.token, token]) await issuer.verify(one);
  const { keys } = await issuer.keySet();
  assert.deepEqual(keys.map(({ kid }) => kid), [token, old.token].map((one) => decodeProtectedHeader(one).kid));
  assert.ok(keys.every((key) => !("d" in key)), "no private half is told");
  issuer.use({ signing: second, retired: [] });
  assert.match(await refusal(issuer.verify(old.token)), /not valid/);
  await issuer.verify(token);
});

Deno.test("a lifetime below ten minutes or above 2^32 seconds is refused in upstream's words", async () => {
  const { issuer } = await world();
  await assert.rejects(issuer.issue({ ...request, expirationSeconds: 599 }), {
    code: 422,
    message: 'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 599: ' +
      "may not specify a duration less than 10 minutes",
  });
  await assert.rejects(issuer.issue({ ...request, expirationSeconds: 2 ** 33 }), /larger than 2\^32 seconds/);
});
