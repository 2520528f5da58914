import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type Binding,
  checkBinding,
  checkRole,
  type PolicyRule,
  rbacAuthorizer,
  RbacIndex,
  reconciledBinding,
  reconciledRole,
  type Role,
  ruleAllows,
  uncovered,
} from "../../runtime/auth/mod.ts";
import { asked, defaultAccess, user } from "./policy.ts";

const admins = user("kubernetes-admin", "system:masters");
const account = user("system:serviceaccount:team:web", "system:serviceaccounts", "system:authenticated");
const anyone = user("system:anonymous", "system:unauthenticated");

Deno.test("with the default policy everybody sees health and version, the authenticated discovery, and nobody more", async () => {
  const { authorize } = defaultAccess();
  const may = async (who: typeof anyone, path: string) => (await authorize({ user: who, verb: "get", path })).allowed;
  for (const path of ["/livez", "/readyz", "/version", "/version/", "/healthz"]) {
    assert.ok(await may(anyone, path), path);
  }
  for (const path of ["/api", "/livezz", "/metrics", "/version/x", "/openapi/v2"]) {
    assert.ok(!await may(anyone, path), path);
  }
  for (const path of ["/api", "/apis/apps/v1", "/openapi/v3/api/v1"]) assert.ok(await may(account, path), path);
  assert.ok(await may(account, "/openid/v1/jwks"));
  assert.ok(!(await authorize(asked(account, "list", "/pods", "team"))).allowed);
  assert.ok((await authorize(asked(account, "create", "authorization.k8s.io/selfsubjectaccessreviews"))).allowed);
  assert.ok((await authorize(asked(admins, "delete", "/nodes", "/a"))).allowed);
});

Deno.test("a bootstrap token may ask for certificates and nothing else", async () => {
  const { authorize } = defaultAccess();
  const joining = user("system:bootstrap:abcdef", "system:bootstrappers", "system:authenticated");
  const may = async (verb: string, what: string) => (await authorize(asked(joining, verb, what))).allowed;
  const requests = "certificates.k8s.io/certificatesigningrequests";
  assert.ok(await may("create", requests));
  assert.ok(await may("watch", requests));
  assert.ok(!await may("update", `${requests}/approval`));
  assert.ok(!await may("update", `${requests}/status`));
  assert.ok(!await may("list", "/secrets"));
});

Deno.test("rules match verbs, groups, resources with their subresources, names and paths, and stars where they may stand", () => {
  const rule = (part: Partial<PolicyRule>): PolicyRule => ({
    verbs: ["get"],
    apiGroups: [""],
    resources: ["pods"],
    ...part,
  });
  const yes = (one: PolicyRule, ...question: [verb: string, what: string, where?: string]) =>
    ruleAllows(one, asked(anyone, ...question));
  assert.ok(yes(rule({}), "get", "/pods", "a/b"));
  assert.ok(!yes(rule({}), "get", "/pods/log", "a/b"));
  assert.ok(!yes(rule({}), "get", "apps/pods", "a/b"));
  assert.ok(!yes(rule({}), "list", "/pods", "a"));
  assert.ok(yes(rule({ resources: ["*"] }), "get", "/pods/log", "a/b"));
  assert.ok(yes(rule({ resources: ["*/scale"], apiGroups: ["*"] }), "get", "apps/deployments/scale", "a/b"));
  assert.ok(!yes(rule({ resources: ["*/scale"], apiGroups: ["*"] }), "get", "apps/deployments", "a/b"));
  assert.ok(yes(rule({ resourceNames: ["b"] }), "get", "/pods", "a/b"));
  assert.ok(!yes(rule({ resourceNames: ["b"] }), "get", "/pods", "a/c"));
  assert.ok(!yes(rule({ resourceNames: ["b"], verbs: ["*"] }), "list", "/pods", "a"));
  const paths: PolicyRule = { verbs: ["get"], nonResourceURLs: ["/healthz/*"] };
  assert.ok(ruleAllows(paths, { verb: "get", path: "/healthz/etcd" }));
  assert.ok(!ruleAllows(paths, { verb: "get", path: "/healthz" }));
  assert.ok(!yes(paths, "get", "/pods", "a/b"));
});

const word = fc.constantFrom("a", "b", "c", "*");
const words = fc.uniqueArray(word, { minLength: 1, maxLength: 3 });
const anyRule: fc.Arbitrary<PolicyRule> = fc.record({
  verbs: words,
  apiGroups: words,
  resources: fc.uniqueArray(fc.constantFrom("a", "b", "a/s", "*", "*/s"), { minLength: 1, maxLength: 3 }),
  resourceNames: fc.uniqueArray(fc.constantFrom("a", "b"), { maxLength: 2 }),
});

Deno.test("whoever covers a rule may already do everything that the rule allows", () => {
  const questions = ["a", "b", "c"].flatMap((verb) =>
    ["a", "b"].flatMap((group) =>
      ["a", "b", "a/s", "c/s"].flatMap((what) =>
        ["n/a", "n/b", "n/c"].map((where) => asked(anyone, verb, `${group}/${what}`, where))
      )
    )
  );
  fc.assert(
    fc.property(fc.array(anyRule, { maxLength: 3 }), anyRule, (held, wanted) => {
      fc.pre(uncovered(held, [wanted]).length === 0);
      for (const question of questions.filter((one) => ruleAllows(wanted, one))) {
        assert.ok(held.some((rule) => ruleAllows(rule, question)), JSON.stringify({ held, wanted, question }));
      }
    }),
    { seed: 11, numRuns: 400 },
  );
});

const role = (name: string, rules: PolicyRule[], namespace?: string): Role => ({
  metadata: { name, namespace },
  rules,
});
const binding = (name: string, kind: string, roleName: string, who: string, namespace?: string): Binding => ({
  metadata: { name, namespace },
  roleRef: { apiGroup: "rbac.authorization.k8s.io", kind, name: roleName },
  subjects: [{ kind: "User", apiGroup: "rbac.authorization.k8s.io", name: who }],
});

Deno.test("a right comes with its binding, says where it came from, and goes with the binding or the role", async () => {
  const index = new RbacIndex();
  const decide = () => rbacAuthorizer(index)(asked(user("ann"), "get", "/pods", "team/x"));
  const reader = role("reader", [{ verbs: ["get"], apiGroups: [""], resources: ["pods"] }], "team");
  const ann = binding("ann-reads", "Role", "reader", "ann", "team");
  index.set("rolebindings", ann);
  assert.deepEqual(await decide(), {
    allowed: false,
    reason: 'RBAC: role.rbac.authorization.k8s.io "reader" not found',
  });
  index.set("roles", reader);
  assert.deepEqual(await decide(), {
    allowed: true,
    reason: 'RBAC: allowed by RoleBinding "ann-reads/team" of Role "reader" to User "ann"',
  });
  assert.equal((await rbacAuthorizer(index)(asked(user("ann"), "get", "/pods", "other/x"))).allowed, false);
  index.set("rolebindings", { ...ann, subjects: [] });
  assert.equal((await decide()).allowed, false);
  index.set("rolebindings", ann);
  index.delete("roles", reader);
  assert.equal((await decide()).allowed, false);
});

Deno.test("nobody gives what he does not have, unless he may escalate or bind", async () => {
  const { rbac: index, authorize } = defaultAccess();
  const check = { index, authorize };
  const ann = { name: "ann", groups: ["dev", "system:authenticated"] };
  index.set("clusterroles", role("reader", [{ verbs: ["get", "list"], apiGroups: [""], resources: ["pods"] }]));
  index.set(
    "clusterroles",
    role("binder", [{
      verbs: ["bind"],
      apiGroups: ["rbac.authorization.k8s.io"],
      resources: ["clusterroles"],
      resourceNames: ["cluster-admin"],
    }]),
  );
  index.set("rolebindings", binding("r", "ClusterRole", "reader", "ann", "team"));
  const resource = { group: "rbac.authorization.k8s.io", version: "v1", plural: "roles" };
  const write = { user: ann, resource, namespace: "team", name: "x" };
  await checkRole(check, write, role("x", [{ verbs: ["get"], apiGroups: [""], resources: ["pods"] }], "team"));
  const wide = role("x", [{ verbs: ["get", "delete"], apiGroups: [""], resources: ["pods", "secrets"] }], "team");
  await assert.rejects(checkRole(check, write, wide), {
    reason: "Forbidden",
    message:
      'roles.rbac.authorization.k8s.io "x" is forbidden: user "ann" (groups=["dev" "system:authenticated"]) is ' +
      "attempting to grant RBAC permissions not currently held:\n" +
      '{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}\n' +
      '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "delete"]}',
  });
  await assert.rejects(checkRole(check, { ...write, namespace: "other" }, wide), { reason: "Forbidden" });
  const all = binding("b", "ClusterRole", "cluster-admin", "ann", "team");
  await assert.rejects(checkBinding(check, write, all), { reason: "Forbidden" });
  await assert.rejects(checkBinding(check, write, binding("b", "Role", "nothing", "ann", "team")), {
    reason: "NotFound",
    message: 'roles.rbac.authorization.k8s.io "nothing" not found',
  });
  index.set("clusterrolebindings", binding("binds", "ClusterRole", "binder", "ann"));
  await checkBinding(check, write, all);
  await checkRole(check, { ...write, user: admins }, wide);
});

Deno.test("a default role is completed, keeps what was added to it, and is left alone when it is protected", () => {
  const wanted = role("system:x", [{ verbs: ["get"], apiGroups: [""], resources: ["pods", "nodes"] }]);
  const found = role("system:x", [{ verbs: ["get", "watch"], apiGroups: [""], resources: ["pods"] }]);
  assert.deepEqual(reconciledRole(wanted, found)?.rules, [
    ...found.rules!,
    { verbs: ["get"], apiGroups: [""], resources: ["nodes"] },
  ]);
  assert.equal(reconciledRole(wanted, reconciledRole(wanted, found)!), undefined);
  const off = { "rbac.authorization.kubernetes.io/autoupdate": "false" };
  assert.equal(reconciledRole(wanted, { ...found, metadata: { ...found.metadata, annotations: off } }), undefined);
  const bound = binding("b", "ClusterRole", "x", "ann");
  assert.equal(reconciledBinding(bound, bound), undefined);
  assert.equal(reconciledBinding(bound, binding("b", "ClusterRole", "y", "ann")), "replace");
  const both = reconciledBinding(bound, binding("b", "ClusterRole", "x", "bob")) as Binding;
  assert.deepEqual(both.subjects?.map(({ name }) => name), ["bob", "ann"]);
});
