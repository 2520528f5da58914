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

Deno.test("each version of a level says what kube-apiserver 1.36.3 says of it", () => {
  const at = (version: string, level = "restricted"): Policy => ({ level, version });
  const ownUsers = podOf({ ...hardened, runAsNonRoot: undefined, runAsUser: 0 }, { hostUsers: false });
  assert.equal(violations(ownUsers, at("v1.35")), "");
  assert.equal(
    violations(ownUsers, at("v1.34")),
    'runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true), ' +
      'runAsUser=0 (container "c" must not set runAsUser=0)',
  );
  const unmasked = podOf({ ...hardened, procMount: "Unmasked" }, { hostUsers: false });
  const words = 'procMount (container "c" must not set securityContext.procMount to "Unmasked")';
  assert.equal(violations(unmasked, at("v1.34", "baseline")), words);
  assert.equal(violations(unmasked, at("v1.35", "baseline")), "");
  assert.equal(violations(unmasked, at("latest")), words);
  const windows = podOf({ runAsNonRoot: true }, { os: { name: "windows" } });
  assert.equal(violations(windows, at("v1.25")), "");
  assert.match(violations(windows, at("v1.24")), /^allowPrivilegeEscalation .*, unrestricted .*, seccompProfile /);
  const annotated = (annotations: Record<string, string>) => ({ metadata: { annotations }, ...podOf({}) });
  const seccomp = annotated({ "seccomp.security.alpha.kubernetes.io/pod": "unconfined" });
  const forbidden = 'seccompProfile (forbidden annotation seccomp.security.alpha.kubernetes.io/pod="unconfined")';
  assert.equal(violations(seccomp, at("v1.18", "baseline")), forbidden);
  assert.equal(violations(seccomp, at("v1.19", "baseline")), "");
  const handler = { livenessProbe: { httpGet: { host: "x" } } };
  const hosts = { containers: ["c", "d"].map((name) => ({ name, ...handler })) };
  assert.equal(
    violations({ spec: hosts }, baseline),
    'probe or lifecycle host (containers "c", "d" use probe or lifecycle host "x")',
  );
});

Deno.test("an AppArmor profile in an annotation is its container's, and is told of with it", async () => {
  await using world = await apiWorld();
  const labels = { "pod-security.kubernetes.io/enforce": "baseline" };
  await world.call("POST", "/api/v1/namespaces", { metadata: { name: "armor", labels } });
  await world.call("POST", "/api/v1/namespaces/armor/serviceaccounts", { metadata: { name: "default" } });
  const key = "container.apparmor.security.beta.kubernetes.io/c";
  const post = (value: string) =>
    world.call("POST", "/api/v1/namespaces/armor/pods", {
      metadata: { name: "p", annotations: { [key]: value } },
      ...podOf({}),
    });
  assert.equal(
    (await post("unconfined")).body.message,
    'pods "p" is forbidden: violates PodSecurity "baseline:latest": forbidden AppArmor profiles (container "c" and ' +
      `annotation must not set AppArmor profile type to "Unconfined", "${key}="unconfined"")`,
  );
  const { body } = await post("runtime/default");
  assert.deepEqual(body.spec.containers[0].securityContext, { appArmorProfile: { type: "RuntimeDefault" } });
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
