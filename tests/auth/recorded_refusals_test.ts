/** What kube-apiserver v1.36.3 answered to these requests, word for word. */
import assert from "node:assert/strict";
import { newPrivateKey, newSigningRequest, type User } from "../../runtime/auth/mod.ts";
import { ann, attempt, city, nodeA, rbac, reader } from "./city.ts";

const root: User = { name: "root", groups: ["system:masters"] };
const reviews = "/apis/authorization.k8s.io/v1";
const inTeam = { namespace: "team", verb: "list", resource: "pods" };
const about = (spec: object) => ({ spec: { user: "ann", ...spec } });
const binds = (kind: string, name: string) => ({
  metadata: { name: "b" },
  roleRef: { apiGroup: "rbac.authorization.k8s.io", kind, name },
  subjects: [{ kind: "User", apiGroup: "rbac.authorization.k8s.io", name: "ann" }],
});
const exactlyOne = "spec.resourceAttributes: Invalid value: null: exactly one of nonResourceAttributes or " +
  "resourceAttributes must be specified";

interface Fact {
  readonly as?: User;
  readonly method?: string;
  readonly path: string;
  readonly headers?: Record<string, string>;
  readonly body?: object;
  readonly code: number;
  readonly message: string;
}

const facts: readonly Fact[] = [
  { as: reader, path: "/metrics", code: 403, message: 'forbidden: User "reader" cannot get path "/metrics"' },
  {
    as: reader,
    path: "/api/v1/namespaces/team",
    code: 403,
    message:
      'namespaces "team" is forbidden: User "reader" cannot get resource "namespaces" in API group "" in the namespace "team"',
  },
  {
    as: reader,
    path: "/api/v1/namespaces",
    code: 403,
    message:
      'namespaces is forbidden: User "reader" cannot list resource "namespaces" in API group "" at the cluster scope',
  },
  {
    as: nodeA,
    path: "/api/v1/namespaces/team/secrets/yours",
    code: 403,
    message:
      'secrets "yours" is forbidden: User "system:node:a" cannot get resource "secrets" in API group "" in the ' +
      "namespace \"team\": no relationship found between node 'a' and this object",
  },
  {
    path: "/api/v1/pods",
    headers: { "impersonate-group": "x" },
    code: 400,
    message: 'requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string{"x"}, Extra:map[string][]string(nil)} ' +
      "without impersonating a user name",
  },
  {
    path: "/api/v1/pods",
    headers: { "impersonate-extra-a": "x" },
    code: 400,
    message:
      'requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string(nil), Extra:map[string][]string{"a":[]string{"x"}}} ' +
      "without impersonating a user name",
  },
  {
    path: `${reviews}/subjectaccessreviews`,
    body: {},
    code: 422,
    message:
      `.authorization.k8s.io "" is invalid: [${exactlyOne}, spec.user: Invalid value: "": at least one of user or ` +
      "group must be specified]",
  },
  {
    path: `${reviews}/subjectaccessreviews`,
    body: about({
      resourceAttributes: { ...inTeam, fieldSelector: { rawSelector: "x", requirements: [{ operator: "Foo" }] } },
    }),
    code: 422,
    message:
      '.authorization.k8s.io "" is invalid: [spec.resourceAttributes.fieldSelector.rawSelector: Invalid value: "x": ' +
      "may not specified at the same time as requirements, spec.resourceAttributes.fieldSelector.requirements[0].key: " +
      "Required value: must be specified]",
  },
  {
    path: `${reviews}/selfsubjectaccessreviews`,
    body: {
      spec: {
        resourceAttributes: {
          ...inTeam,
          labelSelector: {
            requirements: [{ key: "a", operator: "In" }, { key: "b", operator: "Exists", values: ["x"] }],
          },
        },
      },
    },
    code: 422,
    message:
      '.authorization.k8s.io "" is invalid: [spec.resourceAttributes.labelSelector.requirements[0].values: Required ' +
      "value: must be specified when `operator` is 'In' or 'NotIn', spec.resourceAttributes.labelSelector.requirements[1]" +
      ".values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist']",
  },
  {
    path: `${reviews}/namespaces/team/localsubjectaccessreviews`,
    body: about({ resourceAttributes: { ...inTeam, namespace: "other" } }),
    code: 422,
    message:
      '.authorization.k8s.io "" is invalid: spec.resourceAttributes.namespace: Invalid value: "other": must match ' +
      "metadata.namespace",
  },
  {
    path: `${reviews}/namespaces/team/localsubjectaccessreviews`,
    body: about({ nonResourceAttributes: { path: "/x", verb: "get" } }),
    code: 422,
    message:
      '.authorization.k8s.io "" is invalid: spec.nonResourceAttributes: Invalid value: {"Path":"/x","Verb":"get"}: ' +
      "disallowed on this kind of request",
  },
  { path: `${reviews}/selfsubjectrulesreviews`, body: {}, code: 400, message: "no namespace on request" },
  {
    path: "/apis/authentication.k8s.io/v1/tokenreviews",
    body: { spec: {} },
    code: 400,
    message: "token is required for TokenReview in authentication",
  },
  {
    as: ann,
    path: `${rbac}/namespaces/team/rolebindings`,
    body: binds("Role", "nope"),
    code: 404,
    message: 'rolebindings.rbac.authorization.k8s.io "nope" not found',
  },
  {
    method: "PATCH",
    headers: { "content-type": "application/merge-patch+json" },
    path: `${rbac}/namespaces/team/rolebindings/ann`,
    body: { roleRef: { name: "reader" } },
    code: 422,
    message: 'RoleBinding.rbac.authorization.k8s.io "ann" is invalid: roleRef: Invalid value: ' +
      '{"APIGroup":"rbac.authorization.k8s.io","Kind":"Role","Name":"reader"}: cannot change roleRef',
  },
];

Deno.test("refusals have the words of kube-apiserver", async () => {
  await using server = await city();
  for (const { code, message, ...fact } of facts) {
    const { status, body } = await attempt(server, { as: root, ...fact });
    assert.deepEqual([status, body.message], [code, message]);
  }
});

Deno.test("who was given a role in a namespace may see the namespace by it, and no other", async () => {
  await using server = await city();
  const rules = [{ apiGroups: [""], resources: ["namespaces"], verbs: ["get"] }];
  await server.client.raw("POST", `${rbac}/namespaces/team/roles`, { metadata: { name: "seer" }, rules });
  const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "seer" };
  const subjects = [{ kind: "User", apiGroup: "rbac.authorization.k8s.io", name: "reader" }];
  await server.client.raw("POST", `${rbac}/namespaces/team/rolebindings`, {
    metadata: { name: "seer" },
    roleRef,
    subjects,
  });
  assert.equal((await attempt(server, { as: reader, path: "/api/v1/namespaces/team" })).status, 200);
  assert.equal((await attempt(server, { as: reader, path: "/api/v1/namespaces/other" })).status, 403);
});

Deno.test("a review is decoded like all objects: what it does not know is told and dropped", async () => {
  await using server = await city();
  const body = JSON.stringify({ spec: { user: "eve", resourceAttributes: inTeam } });
  const request = new Request(`https://api${reviews}/selfsubjectaccessreviews`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  const answer = await server.api.rawRequest(ann, request);
  assert.equal(answer.headers.get("warning"), '299 - "unknown field \\"spec.user\\""');
  const { spec, status } = await answer.json();
  assert.deepEqual(spec, { resourceAttributes: inTeam });
  assert.equal(status.allowed, true);
});

Deno.test("requests for certificates are asked, approved and answered each by its own path", async () => {
  await using server = await city();
  const requests = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
  const pem = await newSigningRequest(await newPrivateKey(), { subject: { commonName: "x" }, usages: ["client"] });
  const spec = { request: btoa(pem), signerName: "example.com/x", usages: ["client auth"] };
  const refused = async (more: object) => {
    const asked = { metadata: { name: "A b" }, spec: { ...spec, ...more } };
    const { body } = await attempt(server, { as: root, path: `${requests}?dryRun=All`, body: asked });
    return (body.message ?? "").replace(/^.*? is invalid: /, "");
  };
  const label =
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end " +
    "with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is " +
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
  assert.equal(await refused({}), "");
  assert.equal(
    await refused({ signerName: "Example.com/x" }),
    `spec.signerName: Invalid value: "Example.com": validating label "Example": ${label}`,
  );
  assert.equal(
    await refused({ signerName: "kubernetes.io/legacy-unknown" }),
    'spec.signerName: Invalid value: "kubernetes.io/legacy-unknown": the legacy signerName is not allowed via this API version',
  );
  assert.match(
    await refused({ usages: ["foo"] }),
    /^spec.usages\[0\]: Unsupported value: "foo": supported values: "any", /,
  );
  assert.equal(
    await refused({ request: "" }),
    'spec.request: Invalid value: "": PEM block type must be CERTIFICATE REQUEST',
  );

  await attempt(server, { as: root, path: requests, body: { metadata: { name: "one" }, spec } });
  const write = async (part: string, status: object) => {
    const headers = { "content-type": "application/merge-patch+json" };
    const { body } = await attempt(server, {
      ...{ as: root, method: "PATCH", headers },
      path: `${requests}/one${part}`,
      body: { spec: { usages: ["server auth"] }, status },
    });
    return body.message ? body.message.replace(/^.*? is invalid: /, "") : body.spec.usages.join();
  };
  const said = (type: string, status = "True") => ({ conditions: [{ type, status, reason: "R", message: "m" }] });
  const conditions = "status.conditions: Forbidden: updates may not";
  assert.equal(await write("/status", said("Approved")), `${conditions} add a condition of type "Approved"`);
  assert.equal(await write("", said("Approved")), "client auth", "what is sent by another path is passed over");
  assert.equal(
    await write("/approval", said("Approved", "False")),
    'status.conditions[0].status: Unsupported value: "False": supported values: "True"',
  );
  assert.equal(
    await write("/approval", { conditions: ["Approved", "Denied"].flatMap((type) => said(type).conditions) }),
    'status.conditions: Invalid value: "Denied": Approved and Denied conditions are mutually exclusive',
  );
  assert.equal(
    await write("/status", { certificate: btoa("x") }),
    'status.certificate: Invalid value: "<certificate data>": must contain at least one CERTIFICATE PEM block',
  );
  assert.equal(await write("/approval", said("Approved")), "client auth");
  assert.equal(await write("/approval", { conditions: [] }), `${conditions} remove a condition of type "Approved"`);
});
