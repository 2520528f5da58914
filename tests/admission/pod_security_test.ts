import assert from "node:assert/strict";
import { type Policy, violations } from "../../runtime/api/admission/pod_security/policy.ts";
import { apiWorld } from "../api/api_world.ts";

const hardened = {
  allowPrivilegeEscalation: false,
  runAsNonRoot: true,
  capabilities: { drop: ["ALL"] },
  seccompProfile: { type: "RuntimeDefault" },
};
const podOf = (securityContext: object, more: object = {}) => ({
  spec: { containers: [{ name: "c", image: "i", securityContext }], ...more },
});
const restricted: Policy = { level: "restricted", version: "latest" };
const baseline: Policy = { level: "baseline", version: "latest" };

Deno.test("a pod that says nothing breaks the restricted level in upstream's words, and a hardened one does not", () => {
  const silent = violations(podOf({}), restricted);
  assert.equal(
    silent,
    'allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false), ' +
      'unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]), ' +
      'runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true), ' +
      'seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
  );
  assert.equal(violations(podOf({}), baseline), "");
  assert.equal(violations(podOf(hardened), restricted), "");
});

const baselineBreakers: readonly (readonly [string, object, object?])[] = [
  ['privileged (container "c" must not set securityContext.privileged=true)', { privileged: true }],
  ["host namespaces (hostNetwork=true, hostPID=true)", {}, { hostNetwork: true, hostPID: true }],
  ['hostPath volumes (volume "v")', {}, { volumes: [{ name: "v", hostPath: { path: "/" } }] }],
  [
    'non-default capabilities (container "c" must not include "NET_ADMIN" in securityContext.capabilities.add)',
    { capabilities: { add: ["NET_ADMIN", "CHOWN"] } },
  ],
  ["forbidden sysctls (kernel.msgmax)", {}, { securityContext: { sysctls: [{ name: "kernel.msgmax" }] } }],
  [
    'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")',
    {},
    { securityContext: { seccompProfile: { type: "Unconfined" } } },
  ],
  ['procMount (container "c" must not set securityContext.procMount to "Unmasked")', { procMount: "Unmasked" }],
];

for (const [words, context, more] of baselineBreakers) {
  Deno.test(`the baseline level does not let through: ${words}`, () => {
    assert.equal(violations(podOf(context, more), baseline), words);
  });
}

Deno.test("an old version of a level does not know later checks", () => {
  const old = violations(podOf({ ...hardened, runAsUser: 0 }), { level: "restricted", version: "v1.22" });
  assert.equal(old, "");
  assert.match(violations(podOf({ ...hardened, runAsUser: 0 }), restricted), /^runAsUser=0 \(container "c"/);
});

Deno.test("a namespace's labels decide about its pods, warn about templates and must be well formed", async () => {
  await using world = await apiWorld();
  const label = (name: string, value: string) => ({ [`pod-security.kubernetes.io/${name}`]: value });
  const wrong = await world.call("POST", "/api/v1/namespaces", {
    metadata: { name: "a", labels: label("enforce", "strict") },
  });
  assert.equal(wrong.status, 422);
  const labels = { ...label("enforce", "baseline"), ...label("warn", "restricted") };
  await world.call("POST", "/api/v1/namespaces", { metadata: { name: "a", labels } });
  const base = "/api/v1/namespaces/a";
  await world.call("POST", `${base}/serviceaccounts`, { metadata: { name: "default" } });
  const refused = await world.call("POST", `${base}/pods`, { metadata: { name: "p" }, ...podOf({ privileged: true }) });
  assert.equal(refused.status, 403);
  assert.match(refused.body.message, /^pods "p" is forbidden: violates PodSecurity "baseline:latest": privileged \(/);
  const warned = await world.call("POST", `${base}/pods`, { metadata: { name: "p" }, ...podOf({}) });
  assert.equal(warned.status, 201);
  assert.match(warned.headers.get("warning") ?? "", /would violate PodSecurity \\"restricted:latest\\"/);
  const template = { metadata: { labels: { a: "b" } }, ...podOf({ privileged: true }) };
  const spec = { selector: { matchLabels: { a: "b" } }, template };
  const deployment = await world.call("POST", "/apis/apps/v1/namespaces/a/deployments", {
    metadata: { name: "d" },
    spec,
  });
  assert.equal(deployment.status, 201);
  assert.match(deployment.headers.get("warning") ?? "", /would violate/);
});
