/** Attacks by who has every right, or one too many: refused by the rules of the object itself. */
import assert from "node:assert/strict";
import { newPrivateKey, newSigningRequest, type User } from "../../runtime/auth/mod.ts";
import { admin, ann, type Attempt, attempt, city, guarded, pod, rbac, team, toAnn } from "./city.ts";

const privileged = { securityContext: { privileged: true } };
const merge = { "content-type": "application/merge-patch+json" };

/** By an administrator, so that no right is missing: what is refused is refused by the object's own rules. */
const changes: readonly [name: string, attempt: Omit<Attempt, "as">, words: RegExp][] = [
  ["a privileged pod where the namespace says restricted", {
    path: `${guarded}/pods`,
    body: pod("p", { containers: [{ name: "c", image: "x", ...privileged }] }),
  }, /violates PodSecurity "restricted:latest": privileged/],
  ["a privileged ephemeral container beside a hardened pod", {
    method: "PATCH",
    path: `${guarded}/pods/hardened/ephemeralcontainers`,
    headers: { "content-type": "application/strategic-merge-patch+json" },
    body: { spec: { ephemeralContainers: [{ name: "e", image: "x", ...privileged }] } },
  }, /violates PodSecurity/],
  ["a pod that is made privileged later", {
    method: "PATCH",
    path: `${team}/pods/on-a`,
    headers: { "content-type": "application/strategic-merge-patch+json" },
    body: { spec: { containers: [{ name: "c", ...privileged }] } },
  }, /pod updates may not change fields other than/],
  ["a pod that is given another account", {
    method: "PATCH",
    path: `${team}/pods/on-a`,
    headers: merge,
    body: { spec: { serviceAccountName: "strong" } },
  }, /pod updates may not change fields other than/],
  ["a pod that is given the machine's folders", {
    method: "PATCH",
    path: `${team}/pods/on-a`,
    headers: merge,
    body: { spec: { volumes: [{ name: "v", hostPath: { path: "/" } }] } },
  }, /pod updates may not change fields other than/],
  ["a pod that is moved to another node", {
    path: `${team}/pods/on-a/binding`,
    body: { metadata: { name: "on-a" }, target: { kind: "Node", name: "b" } },
  }, /pod on-a is already assigned to node "a"/],
  ["a role that a binding names, changed for a stronger one", {
    method: "PATCH",
    path: `${rbac}/namespaces/team/rolebindings/ann`,
    headers: merge,
    body: { roleRef: admin },
  }, /cannot change roleRef/],
  ["a Secret's type, changed to that of a token", {
    method: "PATCH",
    path: `${team}/secrets/mine`,
    headers: merge,
    body: { type: "kubernetes.io/service-account-token" },
  }, /field is immutable/],
  ["the uid of an object", {
    method: "PATCH",
    path: `${team}/pods/on-a`,
    headers: merge,
    body: { metadata: { uid: "00000000-0000-0000-0000-000000000000" } },
  }, /Precondition failed|uid/],
];

Deno.test("what nobody may change stays as it is, whoever asks", async (t) => {
  await using server = await city();
  const { client } = server;
  const restricted = { "pod-security.kubernetes.io/enforce": "restricted" };
  await client.raw("POST", "/api/v1/namespaces", { metadata: { name: "guarded", labels: restricted } });
  await client.raw("POST", `${guarded}/serviceaccounts`, { metadata: { name: "default" } });
  const securityContext = {
    allowPrivilegeEscalation: false,
    runAsNonRoot: true,
    capabilities: { drop: ["ALL"] },
    seccompProfile: { type: "RuntimeDefault" },
  };
  const containers = [{ name: "c", image: "x", securityContext }];
  await client.raw("POST", `${guarded}/pods`, pod("hardened", { containers }) as never);
  const as: User = { name: "kubernetes-admin", groups: ["system:masters", "system:authenticated"] };
  for (const [name, tried, words] of changes) {
    await t.step(name, async () => {
      const { status, body } = await attempt(server, { as, ...tried });
      assert.ok([403, 409, 422].includes(status), `${status}: ${JSON.stringify(body)}`);
      assert.match(body.message, words);
    });
  }
});

Deno.test("a request for an administrator's certificate is refused, and approval takes a right on the signer", async () => {
  await using server = await city();
  const { client } = server;
  const subject = { commonName: "eve", organizations: ["system:masters"] };
  const requested = await newSigningRequest(await newPrivateKey(), { subject, usages: ["client"] });
  const body = (request: string) => ({
    metadata: { name: "eve" },
    spec: { request: btoa(request), signerName: "kubernetes.io/kube-apiserver-client", usages: ["client auth"] },
  });
  const requests = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
  const rules = [{ apiGroups: ["certificates.k8s.io"], resources: ["*"], verbs: ["create", "get", "update"] }];
  await client.raw("POST", `${rbac}/clusterroles`, { metadata: { name: "csr" }, rules });
  const roleRef = { ...admin, name: "csr" };
  await client.raw("POST", `${rbac}/clusterrolebindings`, { metadata: { name: "csr" }, roleRef, subjects: toAnn });
  const refused = await attempt(server, { as: ann, path: requests, body: body(requested) });
  assert.equal(refused.status, 403);
  assert.match(refused.body.message, /system:masters group is not allowed/);
  const plain = await newSigningRequest(await newPrivateKey(), { subject: { commonName: "eve" }, usages: ["client"] });
  const made = await attempt(server, { as: ann, path: requests, body: body(plain) });
  assert.equal(made.body.spec.username, "ann");
  const approved = { type: "Approved", status: "True", reason: "x" };
  const approval = await attempt(server, {
    as: ann,
    method: "PUT",
    path: `${requests}/eve/approval`,
    body: { ...made.body, status: { conditions: [approved] } },
  });
  assert.equal(approval.status, 403);
  assert.match(approval.body.message, /user not permitted to approve requests with signerName/);
});
