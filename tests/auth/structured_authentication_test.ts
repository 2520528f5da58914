/** AuthenticationConfiguration: what is refused in it, whom its tokens name, and that it is taken up anew without a restart. */
import assert from "node:assert/strict";
import { load } from "js-yaml";
import type { JWTPayload } from "jose";
import { anyOf, structuredAuthentication } from "../../runtime/auth/mod.ts";
import { authenticationBy } from "../../runtime/cli/structured_access.ts";
import { type IssuerServer, issuerServer } from "./issuer_server.ts";

const unauthorized = { code: 401, message: "Unauthorized" };
const own = { ownIssuers: ["https://kubernetes.default.svc.cluster.local"] };

function document(jwt: readonly object[], more: object = {}) {
  return { apiVersion: "apiserver.config.k8s.io/v1", kind: "AuthenticationConfiguration", jwt, ...more };
}

function believes({ url, ca }: IssuerServer, more: object = {}, issuer: object = {}) {
  return {
    issuer: { url, certificateAuthority: ca, audiences: ["d8s"], ...issuer },
    claimMappings: { username: { claim: "sub", prefix: "ext:" } },
    ...more,
  };
}

async function userOf(issuer: IssuerServer, config: object, claims: JWTPayload, now?: () => number) {
  const { authenticate } = structuredAuthentication(document([config]), { ...own, now });
  const user = await authenticate({ authorization: `Bearer ${await issuer.token(claims)}` });
  const { proof: _proof, ...rest } = user!;
  return rest;
}

Deno.test("a token of a configured issuer is its claims, mapped: by name, or by expression", async () => {
  await using issuer = await issuerServer();
  assert.deepEqual(await userOf(issuer, believes(issuer), { sub: "ann" }), {
    name: "ext:ann",
    groups: ["system:authenticated"],
  });
  const username = { claim: "email", prefix: "" };
  const named = { username, groups: { claim: "roles", prefix: "r:" }, uid: { claim: "sub" } };
  const claims = { sub: "7", email: "ann@example.com", roles: ["dev", "", "ops"] };
  assert.deepEqual(await userOf(issuer, believes(issuer, { claimMappings: named }), claims), {
    name: "ann@example.com",
    uid: "7",
    groups: ["r:dev", "r:ops", "system:authenticated"],
  });
  const byExpression = {
    username: { expression: '"x:" + claims.sub' },
    groups: { expression: 'claims.teams.map(t, "team/" + t.name)' },
    uid: { expression: "string(claims.iat - claims.iat)" },
    extra: [
      { key: "example.com/tenant", valueExpression: "claims.tenant" },
      { key: "example.com/none", valueExpression: '""' },
    ],
  };
  const told = { sub: "ann", teams: [{ name: "a" }, { name: "b" }], tenant: "t1" };
  assert.deepEqual(
    await userOf(
      issuer,
      believes(issuer, { claimMappings: byExpression }, { discoveryURL: `${issuer.url}/elsewhere` }),
      told,
    ),
    {
      name: "x:ann",
      uid: "0",
      groups: ["team/a", "team/b", "system:authenticated"],
      extra: { "example.com/tenant": ["t1"] },
    },
  );
});

Deno.test("a token that breaks a rule of its issuer is nobody's", async (t) => {
  await using issuer = await issuerServer();
  const rules = {
    claimValidationRules: [
      { claim: "hd", requiredValue: "example.com" },
      { expression: "claims.exp - claims.iat <= 7200", message: "lives too long" },
    ],
    userValidationRules: [{ expression: "!user.username.startsWith('system:')" }],
    claimMappings: { username: { expression: "claims.sub" }, groups: { claim: "roles", prefix: "" } },
  };
  const good = { sub: "ann", hd: "example.com" };
  const seconds = Math.floor(Date.now() / 1000);
  const late = seconds + 9000;
  const authenticate = anyOf(structuredAuthentication(document([believes(issuer, rules)]), own).authenticate);
  const accepted = async (token: string) => await authenticate({ authorization: `Bearer ${token}` });
  assert.equal((await accepted(await issuer.token(good)))?.name, "ann");
  const [head, body, signature] = (await issuer.token(good)).split(".");
  const encoded = (value: object) => btoa(JSON.stringify(value)).replaceAll("=", "");
  await using stranger = await issuerServer();
  const tokens: Record<string, string> = {
    "for another audience": await issuer.token({ ...good, aud: "other" }),
    "expired": await issuer.token({ ...good, exp: seconds - 1 }),
    "without an end": await issuer.token({ ...good, exp: undefined }),
    "not valid yet": await issuer.token({ ...good, nbf: seconds + 600 }),
    "signed by another's key": await stranger.token({ ...good, iss: issuer.url }),
    "unsigned": `${encoded({ alg: "none" })}.${body}.`,
    "signed with the public key as a secret": `${encoded({ alg: "HS256", kid: "k0" })}.${body}.${signature}`,
    "with other claims than were signed": `${head}.${encoded({ ...good, iss: issuer.url, sub: "bob" })}.${signature}`,
    "without the claim that is required": await issuer.token({ sub: "ann" }),
    "that lives too long": await issuer.token({ ...good, exp: late }),
    "that names a system user": await issuer.token({ ...good, sub: "system:admin" }),
    "that names nobody": await issuer.token({ ...good, sub: "" }),
    "whose name is a number": await issuer.token({ ...good, sub: 7 as never }),
    "whose groups are numbers": await issuer.token({ ...good, roles: [1] }),
  };
  for (const [name, token] of Object.entries(tokens)) {
    await t.step(`a token ${name}`, () => assert.rejects(accepted(token), unauthorized));
  }
});

Deno.test("an unverified mail address names nobody, and an issuer that is not itself is not believed", async () => {
  await using issuer = await issuerServer();
  const mail = believes(issuer, { claimMappings: { username: { claim: "email", prefix: "" } } });
  await assert.rejects(userOf(issuer, mail, { email: "ann@example.com", email_verified: false }), unauthorized);
  await using impostor = await issuerServer();
  const misled = believes(issuer, {}, { discoveryURL: `${impostor.url}/elsewhere`, certificateAuthority: impostor.ca });
  await assert.rejects(userOf(issuer, misled, { sub: "ann" }), unauthorized);
  const untrusted = believes(issuer, {}, { certificateAuthority: impostor.ca });
  await assert.rejects(userOf(issuer, untrusted, { sub: "ann" }), unauthorized);
});

Deno.test("a rotated key of the issuer is found, and unknown ones do not make us ask for ever", async () => {
  await using issuer = await issuerServer();
  let now = Date.now();
  const { authenticate } = structuredAuthentication(document([believes(issuer)]), { ...own, now: () => now });
  const ask = async () => await authenticate({ authorization: `Bearer ${await issuer.token({ sub: "ann" })}` });
  await ask();
  await issuer.rotate();
  await assert.rejects(ask(), unauthorized);
  assert.equal(issuer.asked, 1, "right after it was asked it is left in peace");
  now += 10_000;
  assert.equal((await ask())?.name, "ext:ann");
  assert.equal(issuer.asked, 2);
});

Deno.test("where anonymous requests are let in is a matter of the configuration", () => {
  const at = (anonymous: object) => structuredAuthentication(document([], { anonymous }), own).anonymous;
  assert.equal(at({ enabled: false })("/livez"), false);
  assert.equal(at({ enabled: true })("/api"), true);
  const narrow = at({ enabled: true, conditions: [{ path: "/livez" }] });
  assert.deepEqual(["/livez", "/livez/etcd", "/api"].map(narrow), [true, false, false]);
});

Deno.test("a changed file is taken up without a restart, and a wrong one changes nothing", async () => {
  await using first = await issuerServer();
  await using second = await issuerServer();
  const folder = await Deno.makeTempDir();
  const path = `${folder}/authentication.yaml`;
  const write = async (text: string) => {
    await Deno.writeTextFile(`${path}.new`, text);
    await Deno.rename(`${path}.new`, path);
  };
  await write(JSON.stringify(document([believes(first)])));
  try {
    await using followed = await authenticationBy(path);
    const name = async (issuer: IssuerServer) => {
      const authorization = `Bearer ${await issuer.token({ sub: "ann" })}`;
      return (await followed.authenticate({ authorization }))?.name;
    };
    assert.equal(await name(first), "ext:ann");
    assert.equal(await name(second), undefined);
    await write("kind: AuthenticationConfiguration");
    await write(JSON.stringify(document([believes(second)])));
    while (await name(second) === undefined);
    assert.equal(await name(first), undefined);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** Fault by fault as kube-apiserver v1.36 says it. */
const wrong = `
apiVersion: apiserver.config.k8s.io/v1
kind: AuthenticationConfiguration
anonymous: {enabled: false, conditions: [{path: /livez}]}
jwt:
- {}
- issuer: {url: "http://u:p@x.example/?a=b#c", discoveryURL: "http://u:p@x.example/?a=b#c", certificateAuthority: foo}
  claimMappings: {username: {claim: a}, uid: {claim: a, expression: b}}
- issuer: {url: https://x.example, audiences: [a, a, ""], egressSelectorType: z}
  claimMappings:
    username: {claim: a, expression: b}
    groups: {expression: "true", prefix: x}
    extra:
    - {key: Foo, valueExpression: claims.x}
    - {key: a.io/b}
    - {key: a.k8s.io/x, valueExpression: claims.x}
  claimValidationRules:
  - {}
  - {claim: a, message: foo}
  - {expression: "true", requiredValue: x}
  - {expression: claims.foo}
  - {expression: user.username == ''}
  userValidationRules:
  - {expression: "true"}
  - {expression: "true"}
  - {expression: user.foo}
- issuer: {url: https://x.example, audiences: [a], audienceMatchPolicy: Yy}
  claimMappings: {username: {expression: claims.email}}
`;

Deno.test("what is wrong in the file is told field by field, in upstream's words", () => {
  assert.throws(() => structuredAuthentication(load(wrong), own), (error: Error) => {
    const email = "claims.email_verified must be used in claimMappings.username.expression or " +
      "claimMappings.extra[*].valueExpression or claimValidationRules[*].expression when claims.email is used in " +
      "claimMappings.username.expression";
    const url = '"http://u:p@x.example/?a=b#c"';
    const parts = [
      "jwt[0].issuer.url: Required value",
      "jwt[0].issuer.audiences: Required value: at least one jwt[0].issuer.audiences is required",
      "jwt[0].claimMappings.username: Required value: claim or expression is required",
      ...["scheme must be https", "must not contain a username or password", "must not contain a query"].map((why) =>
        `jwt[1].issuer.url: Invalid value: ${url}: URL ${why}`
      ),
      `jwt[1].issuer.discoveryURL: Invalid value: ${url}: discoveryURL must be different from URL`,
      'jwt[1].issuer.certificateAuthority: Invalid value: "<omitted>": data does not contain any valid RSA or ECDSA certificates',
      "jwt[1].claimMappings.username.prefix: Required value: prefix is required when claim is set. It can be set to an empty string to disable prefixing",
      'jwt[1].claimMappings.uid: Invalid value: "": claim and expression can\'t both be set',
      'jwt[2].issuer.audiences[1]: Duplicate value: "a"',
      "jwt[2].issuer.audiences[2]: Required value",
      'jwt[2].issuer.audienceMatchPolicy: Invalid value: "": audienceMatchPolicy must be MatchAny for multiple audiences',
      'jwt[2].issuer.egressSelectorType: Invalid value: "z": egress selector must be either controlplane or cluster',
      "jwt[2].claimValidationRules[0]: Required value: claim or expression is required",
      'jwt[2].claimValidationRules[1].message: Invalid value: "foo": may not be specified when claim is set',
      'jwt[2].claimValidationRules[2].requiredValue: Invalid value: "x": may not be specified when expression is set',
      'jwt[2].claimValidationRules[3].expression: Invalid value: "claims.foo": must evaluate to bool',
      "compilation failed: ERROR: <input>:1:1: undeclared reference to 'user' (in container '')\n | user.username == ''\n | ^",
      'jwt[2].claimMappings.username: Invalid value: "": claim and expression can\'t both be set',
      'jwt[2].claimMappings.groups.prefix: Invalid value: "x": may not be specified when expression is set',
      'jwt[2].claimMappings.extra[0].key: Invalid value: "Foo": must be a domain-prefixed path (such as "acme.io/foo")',
      'jwt[2].claimMappings.extra[0].key: Invalid value: "Foo": must be lowercase',
      "jwt[2].claimMappings.extra[1].valueExpression: Required value",
      'jwt[2].claimMappings.extra[2].key: Invalid value: "a.k8s.io/x": k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use',
      'jwt[2].userValidationRules[1].expression: Duplicate value: "true"',
      "undefined field 'foo'",
      'jwt[3].issuer.url: Duplicate value: "https://x.example"',
      'jwt[3].issuer.audienceMatchPolicy: Invalid value: "Yy": audienceMatchPolicy must be empty or MatchAny for single audience',
      `jwt[3].claimMappings.username.expression: Invalid value: "claims.email": ${email}`,
      'anonymous.conditions: Invalid value: [{"Path":"/livez"}]: enabled should be set to true when conditions are defined',
    ];
    for (const part of parts) assert.ok(error.message.includes(part), `${part}\n\nis not in\n\n${error.message}`);
    return error.message.startsWith("invalid authentication configuration: [");
  });
  const refused = (text: object) => () => structuredAuthentication(text, own);
  assert.throws(refused({ ...document([]), foo: 1 }), { message: 'strict decoding error: unknown field "foo"' });
  assert.throws(refused({}), { message: "Object 'Kind' is missing in '{}'" });
  const ours = { issuer: { url: own.ownIssuers[0], audiences: ["a"] } };
  const mapped = { ...ours, claimMappings: { username: { claim: "sub", prefix: "" } } };
  assert.throws(refused(document([mapped])), /URL must not overlap with disallowed issuers/);
});
