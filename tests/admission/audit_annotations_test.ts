/** What admission writes beside a request in its audit event, under the keys that kube-apiserver has for it. */
import assert from "node:assert/strict";
import { admin, apiWorld } from "../api/api_world.ts";
import { configuration, webhookServer } from "./webhook_server.ts";

const group = "/apis/admissionregistration.k8s.io/v1";

Deno.test("webhooks, policies and pod security are heard in the audit event", async () => {
  await using hook = await webhookServer(() => ({ allowed: true, auditAnnotations: { seen: "yes" } }));
  await using world = await apiWorld();
  await world.call("POST", `${group}/validatingwebhookconfigurations`, configuration("Validating", hook));
  const rule = { apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["configmaps"] };
  const validations = [{ expression: "true" }, { expression: "!has(object.data)", message: "no data" }];
  const auditAnnotations = [
    { key: "size", valueExpression: "'has ' + string(size(object.data))" },
    { key: "nothing", valueExpression: "null" },
  ];
  const spec = { matchConstraints: { resourceRules: [rule] }, validations, auditAnnotations };
  await world.call("POST", `${group}/validatingadmissionpolicies`, { metadata: { name: "p" }, spec });
  const binding = { metadata: { name: "b" }, spec: { policyName: "p", validationActions: ["Audit"] } };
  await world.call("POST", `${group}/validatingadmissionpolicybindings`, binding);
  const labels = { "pod-security.kubernetes.io/enforce": "baseline", "pod-security.kubernetes.io/audit": "restricted" };
  await world.call("POST", "/api/v1/namespaces", { metadata: { name: "safe", labels } });
  await world.call("POST", "/api/v1/namespaces/safe/serviceaccounts", { metadata: { name: "default" } });

  const notes: Record<string, string> = {};
  const audit = {
    annotate: (key: string, value: string) => void (notes[key] ??= value),
    ...{ body: () => {}, panicked: () => {} },
  };
  const post = async (path: string, object: object) => {
    const headers = { "content-type": "application/json" };
    const request = new Request(`https://api${path}`, { method: "POST", headers, body: JSON.stringify(object) });
    assert.equal((await world.api.fetch(request, { user: admin, audit })).status, 201);
  };
  await post("/api/v1/namespaces/default/configmaps", { metadata: { name: "x" }, data: { a: "b" } });
  const pod = { metadata: { name: "p" }, spec: { containers: [{ name: "c", image: "i" }] } };
  await post("/api/v1/namespaces/safe/pods", pod);

  assert.equal(notes["hook.example.com/seen"], "yes");
  assert.equal(notes["p/size"], "has 1");
  assert.equal("p/nothing" in notes, false);
  assert.deepEqual(JSON.parse(notes["validation.policy.admission.k8s.io/validation_failure"]!), [
    { message: "no data", policy: "p", binding: "b", expressionIndex: 1, validationActions: ["Audit"] },
  ]);
  assert.equal(notes["pod-security.kubernetes.io/enforce-policy"], "baseline:latest");
  assert.match(
    notes["pod-security.kubernetes.io/audit-violations"]!,
    /^would violate PodSecurity "restricted:latest": allowPrivilegeEscalation != false/,
  );
});
