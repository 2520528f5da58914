/** A table of attacks over the socket: credentials that are none, headers that lie, paths that climb. */
import assert from "node:assert/strict";
import { request } from "node:https";
import { newPrivateKey, selfSign, signLeaf, tokenIssuer } from "../../runtime/auth/mod.ts";
import { type ApiServer, apiServer } from "../support/api_server.ts";

const apiGroup = "rbac.authorization.k8s.io";
const rbac = `/apis/${apiGroup}/v1`;
const hourMs = 3_600_000;
const validity = { notBefore: new Date(Date.now() - hourMs), notAfter: new Date(Date.now() + hourMs) };
const master = { commonName: "kubernetes-admin", organizations: ["system:masters"] };

interface Call {
  readonly cert?: string;
  readonly key?: string;
  readonly headers?: Record<string, string | string[]>;
  /** Sent as it is. */
  readonly path?: string;
  readonly method?: string;
}

/** A listener that hangs up has refused, too. */
function call({ url, ca }: ApiServer, { path = "/api/v1/secrets", headers = {}, ...rest }: Call) {
  const { hostname, port } = new URL(url);
  return new Promise<{ code: number; text: string }>((resolve) => {
    const asking = request({ hostname, port, ca, path, headers, agent: false, ...rest }, (answer) => {
      let text = "";
      answer.on("data", (part: Uint8Array) => text += new TextDecoder().decode(part));
      answer.on("end", () => resolve({ code: answer.statusCode ?? 0, text }));
    });
    asking.on("error", (error) => resolve({ code: 0, text: error.message }));
    asking.end();
  });
}

async function version1(): Promise<{ cert: string; key: string }> {
  const cwd = await Deno.makeTempDir();
  const run = (...args: string[]) => new Deno.Command("openssl", { args, cwd, stderr: "null" }).output();
  const subject = ["-subj", "/O=system:masters/CN=kubernetes-admin"];
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "key"];
  await run("req", "-new", ...newKey, ...subject, "-out", "request");
  await run("x509", "-req", "-in", "request", "-signkey", "key", "-days", "1", "-out", "cert");
  const [cert, key] = await Promise.all(["cert", "key"].map((file) => Deno.readTextFile(`${cwd}/${file}`)));
  await Deno.remove(cwd, { recursive: true });
  return { cert: cert!, key: key! };
}

async function certificates({ pki }: ApiServer): Promise<Record<string, Call>> {
  const key = await newPrivateKey();
  const own = { key, cert: await selfSign(await newPrivateKey(), "d8s-ca", validity) };
  const signed = async (authority: typeof own, more: Partial<Parameters<typeof signLeaf>[2]>) => ({
    key,
    cert: await signLeaf(authority, key, { subject: master, usages: ["client"], validity, ...more }),
  });
  const stranger = await newPrivateKey();
  const strange = { key: stranger, cert: await selfSign(stranger, "d8s-ca", validity) };
  const past = { notBefore: new Date(Date.now() - 2 * hourMs), notAfter: new Date(Date.now() - hourMs) };
  const future = { notBefore: new Date(Date.now() + hourMs), notAfter: new Date(Date.now() + 2 * hourMs) };
  return {
    "a certificate by another authority of the same name": await signed(strange, {}),
    "a certificate of version 1": await version1(),
    "an expired certificate": await signed(pki.ca, { validity: past }),
    "a certificate of tomorrow": await signed(pki.ca, { validity: future }),
    "a certificate for servers only": await signed(pki.ca, { usages: ["server"] }),
    "an administrator's certificate by the authority of front proxies": await signed(pki.frontProxyCa, {}),
    "a real certificate as a header": { headers: { "x-client-cert": pki.admin.cert.replaceAll("\n", " ") } },
  };
}

/** Tokens of an account that could read secrets while it was there. */
async function tokens(server: ApiServer): Promise<Record<string, Call>> {
  const { client, pki } = server;
  const made = async (path: string, body: unknown) => await client.raw("POST", path, body as never);
  const path = "/api/v1/namespaces/default/serviceaccounts";
  const subjects = [];
  for (const name of ["robot", "gone", "reborn"]) {
    await made(path, { metadata: { name } });
    subjects.push({ kind: "ServiceAccount", namespace: "default", name });
  }
  await made(`${rbac}/clusterrolebindings`, {
    metadata: { name: "robots" },
    roleRef: { apiGroup, kind: "ClusterRole", name: "cluster-admin" },
    subjects,
  });
  const tokenOf = async (name: string, spec: object = {}) => {
    const { status } = await made(`${path}/${name}/token`, { spec }) as unknown as { status: { token: string } };
    return status.token;
  };
  const good = await tokenOf("robot");
  assert.equal((await call(server, bearer(good))).code, 200, "the account itself may");
  const [gone, reborn] = [await tokenOf("gone"), await tokenOf("reborn")];
  for (const name of ["gone", "reborn"]) await client.raw("DELETE", `${path}/${name}`);
  await made(path, { metadata: { name: "reborn" } });
  const { metadata: { uid } } = await client.raw("GET", `${path}/robot`) as unknown as { metadata: { uid: string } };
  const request = { namespace: "default", serviceAccount: { name: "robot", uid } };
  const lookup = () => Promise.resolve({ metadata: { name: "robot", uid } });
  const forger = tokenIssuer({ key: await newPrivateKey(), lookup });
  const late = tokenIssuer({ key: pki.serviceAccountKey, lookup, now: () => Date.now() - 2 * hourMs });
  const other = tokenIssuer({ key: pki.serviceAccountKey, lookup, issuer: "https://elsewhere" });
  const [head, body, signature] = good.split(".") as [string, string, string];
  const part = (value: object) => btoa(JSON.stringify(value)).replace(/=+$/, "");
  const kid = JSON.parse(atob(head)).kid;
  const swapped = atob(body.replaceAll("-", "+").replaceAll("_", "/")).replaceAll("robot", "admin");
  return {
    "a forged token": bearer((await forger.issue(request)).token),
    "an expired token": bearer((await late.issue(request)).token),
    "a token of another issuer": bearer((await other.issue(request)).token),
    "a token for another audience": bearer(await tokenOf("robot", { audiences: ["vault"] })),
    "an unsigned token": bearer(`${part({ alg: "none", kid })}.${body}.`),
    "an unsigned token with a signature": bearer(`${part({ alg: "none", kid })}.${body}.${signature}`),
    "a token whose algorithm is symmetric": bearer(`${part({ alg: "HS256", kid })}.${body}.${signature}`),
    "a token with another's name in it": bearer(`${head}.${btoa(swapped).replace(/=+$/, "")}.${signature}`),
    "a token with its end cut off": bearer(good.slice(0, -4)),
    "a deleted account's token": bearer(gone),
    "a token of an account that was made anew": bearer(reborn),
    "a token in the query": { path: `/api/v1/secrets?access_token=${good}` },
    "a token as a password": { headers: { authorization: `Basic ${btoa(`robot:${good}`)}` } },
  };
}

function bearer(token: string): Call {
  return { headers: { authorization: `Bearer ${token}` } };
}

async function lies({ pki }: ApiServer): Promise<Record<string, Call>> {
  const key = await newPrivateKey();
  const leaf = async (authority: typeof pki.ca, commonName: string) => ({
    key,
    cert: await signLeaf(authority, key, { subject: { commonName }, usages: ["client"], validity }),
  });
  const headers = { "x-remote-user": "kubernetes-admin", "x-remote-group": "system:masters" };
  return {
    "X-Remote-User without a certificate": { headers },
    "X-Remote-User with a client's certificate of the proxy's name": {
      headers,
      ...await leaf(pki.ca, "front-proxy-client"),
    },
    "X-Remote-User with another name by the proxies' authority": {
      headers,
      ...await leaf(pki.frontProxyCa, "mallory"),
    },
    "a front proxy that says nothing": await leaf(pki.frontProxyCa, "front-proxy-client"),
    "X-Remote-User twice, the second an administrator": {
      headers: { "x-remote-user": ["nobody", "kubernetes-admin"] },
      ...pki.frontProxyClient,
    },
    "impersonation without credentials": {
      headers: { "impersonate-user": "kubernetes-admin", "impersonate-group": "system:masters" },
    },
    "a group without a user": { headers: { "impersonate-group": "system:masters" }, ...await leaf(pki.ca, "ann") },
    "X-Forwarded-For from this machine": { headers: { "x-forwarded-for": "127.0.0.1", "x-original-url": "/healthz" } },
    "another method by header": { headers: { "x-http-method-override": "GET" }, method: "OPTIONS" },
  };
}

Deno.test("credentials that are none and headers that lie open nothing", async (t) => {
  await using server = await apiServer();
  await server.client.raw("POST", "/api/v1/namespaces/default/secrets", { metadata: { name: "s" } });
  assert.equal((await call(server, server.admin)).code, 200, "an administrator may");
  const rows = { ...await certificates(server), ...await tokens(server), ...await lies(server) };
  for (const [name, attack] of Object.entries(rows)) {
    await t.step(name, async () => {
      const { code, text } = await call(server, attack);
      assert.ok([0, 400, 401, 403, 405, 500].includes(code), `${code}: ${text}`);
      assert.ok(!text.includes("SecretList"));
      if (attack.headers?.authorization) assert.equal(code, 401, text);
    });
  }
});

/** Ann may read secrets in `team` and the health paths, and no others. */
const paths: Record<string, string> = {
  "dots": "/api/v1/namespaces/team/../other/secrets",
  "escaped dots": "/api/v1/namespaces/team/%2e%2e/other/secrets",
  "half escaped dots": "/api/v1/namespaces/team/.%2e/other/secrets",
  "doubly escaped dots": "/api/v1/namespaces/team/%252e%252e/other/secrets",
  "an escaped slash": "/api/v1/namespaces/team%2f..%2fother/secrets",
  "an escaped slash in a name": "/api/v1/namespaces/team/secrets/..%2f..%2fother%2fs",
  "an escaped slash in a name, all the way": "/api/v1/namespaces/team/secrets/..%2fother%2fs",
  "a name that is a path": "/api/v1/secrets/other%2fs",
  "backslashes": "/api/v1/namespaces/team/..\\other/secrets",
  "an escaped backslash": "/api/v1/namespaces/team%5c..%5cother/secrets",
  "double slashes": "/api/v1/namespaces//other/secrets",
  "double slashes in front": "//api/v1/namespaces/other/secrets",
  "a host in front": "//healthz/api/v1/namespaces/other/secrets",
  "an absolute URL": "https://api/api/v1/namespaces/other/secrets",
  "a health path in front": "/healthz/../api/v1/namespaces/other/secrets",
  "an escaped health path in front": "/healthz/%2e%2e/api/v1/namespaces/other/secrets",
  "a path parameter": "/api/v1/namespaces/team;/../other/secrets",
  "a null byte": "/api/v1/namespaces/other%00team/secrets",
  "other letters": "/API/v1/namespaces/other/secrets",
  "the watch prefix": "/api/v1/watch/namespaces/other/secrets",
  "the watch prefix with dots": "/api/v1/watch/namespaces/team/../other/secrets",
  "a namespace by selector": "/api/v1/secrets?fieldSelector=metadata.namespace%3Dteam",
  "a namespace in the query": "/api/v1/namespaces/other/secrets?namespace=team",
  "a broken escape": "/api/v1/namespaces/team/%zz/../../other/secrets",
  "a proxy's rest": "/api/v1/namespaces/team/pods/x/proxy/../../../../other/secrets",
};

Deno.test("no spelling of a path leads where its plain form does not", async (t) => {
  await using server = await apiServer();
  const { client, pki } = server;
  const made = async (path: string, body: unknown) => await client.raw("POST", path, body as never);
  for (const name of ["team", "other"]) {
    await made("/api/v1/namespaces", { metadata: { name } });
    await made(`/api/v1/namespaces/${name}/secrets`, { metadata: { name: "s", labels: { of: name } } });
  }
  const rules = [{ apiGroups: [""], resources: ["secrets", "pods/proxy"], verbs: ["*"] }];
  await made(`${rbac}/namespaces/team/roles`, { metadata: { name: "secrets" }, rules });
  await made(`${rbac}/namespaces/team/rolebindings`, {
    metadata: { name: "ann" },
    roleRef: { apiGroup, kind: "Role", name: "secrets" },
    subjects: [{ apiGroup, kind: "User", name: "ann" }],
  });
  const key = await newPrivateKey();
  const subject = { commonName: "ann" };
  const ann = { key, cert: await signLeaf(pki.ca, key, { subject, usages: ["client"], validity }) };
  assert.equal((await call(server, { ...ann, path: "/api/v1/namespaces/team/secrets" })).code, 200);
  for (const [name, path] of Object.entries(paths)) {
    await t.step(name, async () => {
      const { code, text } = await call(server, { ...ann, path });
      assert.ok(!text.includes('"of":"other"'), `${code}: ${text}`);
      assert.ok(code < 200 || code >= 300, `${code}: ${text}`);
    });
  }
});
