/** AuthorizationConfiguration: the order of those who are asked, webhooks that answer well, late, wrongly or never. */
import assert from "node:assert/strict";
import { load } from "js-yaml";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import {
  type Attributes,
  type AuthorizationOptions,
  type ClusterAccess,
  clusterAccess,
  ensurePki,
  structuredAuthorization,
  type WebhookTarget,
} from "../../runtime/auth/mod.ts";
import { authorizationBy } from "../../runtime/cli/structured_access.ts";

interface Review {
  readonly apiVersion: string;
  readonly spec: { readonly user: string; readonly resourceAttributes?: { readonly namespace: string } };
}

interface Hook extends AsyncDisposable {
  readonly target: WebhookTarget;
  readonly asked: Review[];
  answer: (review: Review) => Reply;
}

/** Written as the answer; undefined: it never comes; `reset`: the connection breaks. */
type Reply = string | undefined | "reset" | { readonly code: number };

const says = (status: object) => () => JSON.stringify({ kind: "SubjectAccessReview", status });

async function webhook(answer: Hook["answer"]): Promise<Hook> {
  const folder = await Deno.makeTempDir({ prefix: "d8s-authorizer-" });
  const { ca, apiserver } = await ensurePki(folder, { hostnames: ["localhost"], ips: ["127.0.0.1"] });
  await Deno.remove(folder, { recursive: true });
  const server: Server = createServer({ key: apiserver.key, cert: apiserver.cert }, async (incoming, outgoing) => {
    const review = JSON.parse(await new Response(incoming as unknown as BodyInit).text());
    hook.asked.push(review);
    const reply = hook.answer(review);
    if (reply === "reset") incoming.socket.destroy();
    else if (typeof reply === "object") outgoing.writeHead(reply.code).end();
    else if (reply !== undefined) outgoing.end(reply);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const hook: Hook = {
    target: { server: `https://127.0.0.1:${port}/authorize`, ca: ca.cert },
    asked: [],
    answer,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return hook;
}

const usual = {
  timeout: "1s",
  subjectAccessReviewVersion: "v1",
  failurePolicy: "Deny",
  connectionInfo: { type: "KubeConfigFile", kubeConfigFile: "/etc/hook.kubeconfig" },
};

function document(authorizers: readonly object[]) {
  return { apiVersion: "apiserver.config.k8s.io/v1", kind: "AuthorizationConfiguration", authorizers };
}

function hooked(more: object = {}) {
  return { type: "Webhook", name: "hook.example.com", webhook: { ...usual, ...more } };
}

const rbac = { type: "RBAC", name: "rbac" };

type Times = Pick<AuthorizationOptions, "now" | "pauses">;

function access(target: WebhookTarget | undefined, authorizers: readonly object[], times: Times = {}): ClusterAccess {
  const made = clusterAccess();
  made.use(structuredAuthorization(document(authorizers), { own: made.own, target: () => target!, ...times }));
  return made;
}

function asks(name: string, namespace: string, groups: readonly string[] = ["system:authenticated"]): Attributes {
  const resource = { group: "", version: "v1", plural: "pods", namespace };
  return { user: { name, groups }, verb: "list", path: "/api/v1/pods", resource };
}

/** Ann may read pods everywhere. */
function grantAnn({ rbac }: ClusterAccess): void {
  const apiGroup = "rbac.authorization.k8s.io";
  const rules = [{ apiGroups: [""], resources: ["pods"], verbs: ["list"] }];
  rbac.set("clusterroles", { metadata: { name: "reader" }, rules });
  const subjects = [{ kind: "User", apiGroup, name: "ann" }];
  const roleRef = { apiGroup, kind: "ClusterRole", name: "reader" };
  rbac.set("clusterrolebindings", { metadata: { name: "ann" }, subjects, roleRef });
}

Deno.test("authorizers are asked in their order: the first yes or no decides, administrators come before all", async () => {
  await using hook = await webhook(says({ allowed: false, denied: true, reason: "not on sundays" }));
  const first = access(hook.target, [hooked(), rbac]);
  const last = access(hook.target, [rbac, hooked()]);
  for (const made of [first, last]) grantAnn(made);
  assert.ok(first.asksOthers && !clusterAccess().asksOthers);
  assert.deepEqual(await first.authorize(asks("ann", "a")), { allowed: false, denied: true, reason: "not on sundays" });
  assert.equal((await last.authorize(asks("ann", "a"))).allowed, true);
  assert.equal((await first.authorize(asks("root", "a", ["system:masters"]))).allowed, true);
  hook.answer = says({ allowed: true, reason: "is bob" });
  assert.deepEqual(await last.authorize(asks("bob", "a")), { allowed: true, reason: "is bob" });
  hook.answer = says({ allowed: false, reason: "who?" });
  assert.deepEqual(await last.authorize(asks("eve", "a")), { allowed: false, reason: "who?" });
  const [review] = hook.asked;
  assert.equal(review?.apiVersion, "authorization.k8s.io/v1");
  assert.deepEqual(review?.spec, {
    user: "ann",
    groups: ["system:authenticated"],
    resourceAttributes: {
      namespace: "a",
      verb: "list",
      group: "",
      version: "v1",
      resource: "pods",
      subresource: "",
      name: "",
    },
  } as never);
});

Deno.test("decisions are kept for their time, yes and no each for its own", async () => {
  await using hook = await webhook(({ spec }) => says({ allowed: spec.user === "ann" })());
  let now = 0;
  const { authorize } = access(hook.target, [hooked({ authorizedTTL: "5m", unauthorizedTTL: "30s" })], {
    now: () => now,
  });
  const counted = async (name: string) => {
    const before = hook.asked.length;
    await authorize(asks(name, "a"));
    return hook.asked.length - before;
  };
  assert.deepEqual([await counted("ann"), await counted("bob")], [1, 1]);
  now = 29_000;
  assert.deepEqual([await counted("ann"), await counted("bob")], [0, 0]);
  now = 31_000;
  assert.deepEqual([await counted("ann"), await counted("bob")], [0, 1]);
  now = 300_000;
  assert.equal(await counted("ann"), 1);
});

Deno.test("a webhook is asked only about what its match conditions take in", async () => {
  await using hook = await webhook(says({ allowed: true }));
  const expressions = ["has(request.resourceAttributes)", "request.resourceAttributes.namespace == 'a'"];
  const { authorize } = access(hook.target, [
    hooked({
      matchConditionSubjectAccessReviewVersion: "v1",
      matchConditions: expressions.map((expression) => ({ expression })),
    }),
  ]);
  assert.equal((await authorize(asks("ann", "a"))).allowed, true);
  assert.deepEqual(await authorize(asks("ann", "b")), { allowed: false, reason: "" });
  assert.equal((await authorize({ user: asks("ann", "a").user, verb: "get", path: "/x" })).allowed, false);
  assert.equal(hook.asked.length, 1);
});

Deno.test("a webhook that fails is what its failurePolicy says, never a right", async (t) => {
  const long = JSON.stringify({ status: { allowed: true, reason: "x".repeat(10 * 1024 * 1024) } });
  const failures: Record<string, Hook["answer"]> = {
    "answers never": () => undefined,
    "answers with 10 MB": () => long,
    "answers with no JSON": () => "yes",
    "answers null": () => "null",
    "answers with a text for a bool": says({ allowed: "true" }),
    "says yes and no at once": says({ allowed: true, denied: true }),
  };
  for (const [name, answer] of Object.entries(failures)) {
    await t.step(name, async () => {
      await using hook = await webhook(answer);
      const timeout = "300ms";
      const denying = access(hook.target, [hooked({ timeout }), rbac]);
      const shrugging = access(hook.target, [hooked({ timeout, failurePolicy: "NoOpinion" }), rbac]);
      for (const made of [denying, shrugging]) grantAnn(made);
      assert.equal((await denying.authorize(asks("ann", "a"))).allowed, false);
      assert.equal((await shrugging.authorize(asks("ann", "a"))).allowed, true);
      assert.equal((await shrugging.authorize(asks("eve", "a"))).allowed, false);
    });
  }
  await using stranger = await webhook(says({ allowed: true }));
  await using hook = await webhook(says({ allowed: true }));
  const { authorize } = access({ ...hook.target, ca: stranger.target.ca }, [hooked()]);
  assert.equal(
    (await authorize(asks("ann", "a"))).allowed,
    false,
    "one whose certificate is another's is not believed",
  );
});

Deno.test("a webhook that is in trouble is asked again, ever later, and five times in all", async () => {
  const troubles: (() => Reply)[] = [() => ({ code: 500 }), () => ({ code: 429 }), () => "reset"];
  await using hook = await webhook(() => troubles.shift()?.() ?? says({ allowed: true })());
  const waited: number[] = [];
  const pauses = { wait: (ms: number) => Promise.resolve(void waited.push(ms)), random: () => 0.5 };
  const { authorize } = access(hook.target, [hooked({ cacheAuthorizedRequests: false })], { pauses });
  assert.equal((await authorize(asks("ann", "a"))).allowed, true);
  assert.deepEqual(waited.map(Math.round), [550, 825, 1238]);
  troubles.push(...Array.from({ length: 9 }, () => () => ({ code: 503 })));
  hook.asked.length = 0;
  assert.equal((await authorize(asks("ann", "a"))).allowed, false);
  assert.equal(hook.asked.length, 5);
  troubles.splice(0, 9, () => ({ code: 403 }));
  assert.equal((await authorize(asks("ann", "a"))).allowed, false, "who is refused does not ask again");
  assert.equal(hook.asked.length, 6);
});

Deno.test("the order follows its file without a restart, by the kubeconfig that it names", async () => {
  await using hook = await webhook(says({ allowed: true }));
  const folder = await Deno.makeTempDir();
  const path = `${folder}/authorization.json`;
  const kubeConfigFile = `${folder}/hook.kubeconfig`;
  const { server, ca } = hook.target;
  const cluster = { server, "certificate-authority-data": btoa(ca) };
  await Deno.writeTextFile(
    kubeConfigFile,
    JSON.stringify({
      "current-context": "hook",
      contexts: [{ name: "hook", context: { cluster: "hook", user: "api" } }],
      clusters: [{ name: "hook", cluster }],
      users: [{ name: "api", user: { token: "t" } }],
    }),
  );
  const write = async (authorizers: readonly object[]) => {
    await Deno.writeTextFile(`${path}.new`, JSON.stringify(document(authorizers)));
    await Deno.rename(`${path}.new`, path);
  };
  await write([rbac]);
  try {
    const made = clusterAccess();
    await using _followed = await authorizationBy(path, made);
    assert.equal((await made.authorize(asks("bob", "a"))).allowed, false);
    await write([]);
    await write([hooked({ connectionInfo: { type: "KubeConfigFile", kubeConfigFile } })]);
    const turn = () => new Promise((resolve) => setTimeout(resolve));
    while (!(await made.authorize(asks("bob", "a"))).allowed) await turn();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

const wrong = `
apiVersion: apiserver.config.k8s.io/v1
kind: AuthorizationConfiguration
authorizers:
- {type: RBAC, name: rbac}
- {type: RBAC, name: rbac}
- {type: Foo}
- {type: Node, name: Bad_Name, webhook: {}}
- {type: Webhook, name: hook}
- {type: Webhook, name: hook2, webhook: {}}
- type: Webhook
  name: hook3
  webhook:
    timeout: 31s
    authorizedTTL: -1s
    subjectAccessReviewVersion: v9
    matchConditionSubjectAccessReviewVersion: v2
    failurePolicy: X
    connectionInfo: {type: KubeConfigFile, kubeConfigFile: foo}
    matchConditions:
    - {expression: request.user}
    - {expression: ""}
    - {expression: request.user}
    - {expression: request.resourceAttributes.bla == 'x'}
- type: Webhook
  name: hook4
  webhook:
    timeout: 1s
    subjectAccessReviewVersion: v1
    failurePolicy: Deny
    connectionInfo: {type: InClusterConfig}
    matchConditions: [{expression: request.user == 'x'}]
`;

Deno.test("what is wrong in the file is told field by field, in upstream's words", () => {
  const { own } = clusterAccess();
  const refused = (text: unknown) => () =>
    structuredAuthorization(text, { own, target: () => ({ server: "https://x", ca: "" }) });
  assert.throws(refused(load(wrong)), (error: Error) => {
    const parts = [
      'authorizers[1].type: Duplicate value: "RBAC"',
      'authorizers[2].type: Unsupported value: "Foo": supported values: "Node", "RBAC", "Webhook"',
      'authorizers[3].name: Invalid value: "Bad_Name": authorizer name is invalid: a lowercase RFC 1123 subdomain must',
      'authorizers[3].webhook: Invalid value: "non-null": may only be specified when type=Webhook',
      "authorizers[4].webhook: Required value: required when type=Webhook",
      ...["timeout", "subjectAccessReviewVersion", "failurePolicy", "connectionInfo.type"].map((field) =>
        `authorizers[5].${field}: Required value`
      ),
      'authorizers[6].timeout: Invalid value: "31s": must be > 0s and <= 30s',
      'authorizers[6].authorizedTTL: Invalid value: "-1s": must be > 0s',
      'authorizers[6].subjectAccessReviewVersion: Unsupported value: "v9": supported values: "v1", "v1beta1"',
      'authorizers[6].matchConditionSubjectAccessReviewVersion: Unsupported value: "v2": supported values: "v1"',
      'authorizers[6].failurePolicy: Unsupported value: "X": supported values: "NoOpinion", "Deny"',
      'authorizers[6].connectionInfo.kubeConfigFile: Invalid value: "foo": must be an absolute path',
      'authorizers[6].matchConditions[0].expression: Invalid value: "request.user": must evaluate to bool but got string',
      "authorizers[6].matchConditions[1].expression: Required value",
      'authorizers[6].matchConditions[2].expression: Duplicate value: "request.user"',
      "compilation failed: ERROR: <input>:1:27: undefined field 'bla'",
      "authorizers[7].matchConditionSubjectAccessReviewVersion: Required value: required if match conditions are specified",
    ];
    for (const part of parts) assert.ok(error.message.includes(part), `${part}\n\nis not in\n\n${error.message}`);
    return true;
  });
  assert.throws(refused(document([])), {
    message: "authorizers: Required value: at least one authorization mode must be defined",
  });
  assert.throws(refused(document([{ ...rbac, foo: 1 }])), {
    message: 'strict decoding error: unknown field "authorizers[0].foo"',
  });
});
