import assert from "node:assert/strict";
import { admissionSettings, pluginsOn } from "../../runtime/api/admission/mod.ts";
import { systemClock } from "../../runtime/loop/mod.ts";
import { type ApiWorld, apiWorld } from "../api/api_world.ts";

const base = "/api/v1/namespaces/default";

/** Buckets that are empty stay so. */
const standing = { ...systemClock, now: () => Date.UTC(2026, 0) };

async function worldWith(enable: readonly string[], plugins: readonly object[] = []): Promise<ApiWorld> {
  const document = { apiVersion: "apiserver.config.k8s.io/v1", kind: "AdmissionConfiguration", plugins };
  const settings = await admissionSettings(document, (path) => Promise.reject(new Error(`no ${path}`)));
  return await apiWorld({ admission: { on: pluginsOn({ enable }), settings }, clock: standing });
}

const pod = (more: object = {}) => ({
  metadata: { name: "a" },
  spec: {
    containers: [{ name: "c", image: "i", imagePullPolicy: "Never" }],
    automountServiceAccountToken: false,
    ...more,
  },
});

Deno.test("a plugin is on, off, or refused by its name with a reason", () => {
  assert.ok(!pluginsOn({}).has("AlwaysPullImages"));
  assert.ok(pluginsOn({ enable: ["AlwaysPullImages"] }).has("AlwaysPullImages"));
  assert.ok(!pluginsOn({ disable: ["ResourceQuota"] }).has("ResourceQuota"));
  assert.throws(
    () => pluginsOn({ enable: ["AlwaysPull"] }),
    /"AlwaysPull" is unknown; known are: AlwaysAdmit, .*Valid/,
  );
  assert.throws(() => pluginsOn({ disable: ["Quota"] }), /disable-admission-plugins plugin "Quota" is unknown/);
  assert.throws(() => pluginsOn({ enable: ["PodNodeSelector"] }), /"PodNodeSelector" is not supported/);
  assert.throws(() => pluginsOn({ disable: ["NamespaceLifecycle"] }), /cannot be disabled/);
  const both = { enable: ["NamespaceExists"], disable: ["NamespaceExists"] };
  assert.throws(() => pluginsOn(both), /NamespaceExists .* overlapped/);
});

Deno.test("AlwaysPullImages leaves no image to a pod that was not pulled for it", async () => {
  await using world = await worldWith(["AlwaysPullImages"]);
  await world.call("POST", `${base}/serviceaccounts`, { metadata: { name: "default" } });
  const volumes = [{ name: "v", image: { reference: "i:1", pullPolicy: "IfNotPresent" } }];
  const { body } = await world.call("POST", `${base}/pods`, pod({ volumes }));
  assert.equal(body.spec.containers[0].imagePullPolicy, "Always");
  assert.equal(body.spec.volumes[0].image.pullPolicy, "Always");
  const ephemeralContainers = [{ name: "e", image: "i", imagePullPolicy: "Never" }];
  const type = { "content-type": "application/strategic-merge-patch+json" };
  const patch = { spec: { ephemeralContainers } };
  const debugged = await world.call("PATCH", `${base}/pods/a/ephemeralcontainers`, patch, type);
  assert.equal(debugged.body.spec.ephemeralContainers[0].imagePullPolicy, "Always");
});

Deno.test("EventRateLimit turns away what is beyond a namespace's burst, and no dry run, and nobody else", async () => {
  const limits = [{ type: "Namespace", qps: 1, burst: 2 }];
  const kind = { apiVersion: "eventratelimit.admission.k8s.io/v1alpha1", kind: "Configuration" };
  await using world = await worldWith(["EventRateLimit"], [{
    name: "EventRateLimit",
    configuration: { ...kind, limits },
  }]);
  const event = (name: string, namespace: string) => ({
    metadata: { name },
    involvedObject: { kind: "Pod", name: "p", namespace },
  });
  const write = (name: string, query = "", namespace = "default") =>
    world.call("POST", `/api/v1/namespaces/${namespace}/events${query}`, event(name, namespace));
  const dry = await Promise.all(Array.from({ length: 5 }, (_, i) => write(`dry-${i}`, "?dryRun=All")));
  assert.ok(dry.every(({ status }) => status === 201));
  const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => write(`e-${i}`)));
  const refused = answers.filter(({ status }) => status === 429);
  assert.equal(refused.length, 10);
  assert.equal(refused[0]!.body.message, "limit reached on type Namespace for key default");
  assert.equal((await write("other", "", "kube-system")).status, 201);
});

Deno.test("NamespaceAutoProvision makes the namespace of a new object, and not for a dry run", async () => {
  await using world = await worldWith(["NamespaceAutoProvision", "NamespaceExists"]);
  const map = { metadata: { name: "m" } };
  const dry = await world.call("POST", "/api/v1/namespaces/new/configmaps?dryRun=All", map);
  assert.equal(dry.status, 404);
  const made = await world.call("POST", "/api/v1/namespaces/new/configmaps", map);
  assert.equal(made.status, 201);
  assert.equal((await world.call("GET", "/api/v1/namespaces/new")).body.status.phase, "Active");
});

const security = { apiVersion: "pod-security.admission.config.k8s.io/v1", kind: "PodSecurityConfiguration" };

Deno.test("PodSecurity's defaults hold where a namespace says nothing, and for nobody who is exempt", async () => {
  const configuration = {
    ...security,
    defaults: { enforce: "baseline" },
    exemptions: { namespaces: ["kube-system"] },
  };
  await using world = await worldWith([], [{ name: "PodSecurity", configuration }]);
  for (const namespace of ["default", "kube-system"]) {
    await world.call("POST", `/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name: "default" } });
  }
  const refused = await world.call("POST", `${base}/pods`, pod({ hostNetwork: true }));
  assert.match(refused.body.message, /violates PodSecurity "baseline:latest": host namespaces/);
  const exempt = await world.call("POST", "/api/v1/namespaces/kube-system/pods", pod({ hostNetwork: true }));
  assert.equal(exempt.status, 201);
  const type = { "content-type": "application/merge-patch+json" };
  const labels = { "pod-security.kubernetes.io/enforce": "privileged" };
  await world.call("PATCH", "/api/v1/namespaces/default", { metadata: { labels } }, type);
  assert.equal((await world.call("POST", `${base}/pods`, pod({ hostNetwork: true }))).status, 201);
});

Deno.test("a configuration that is wrong, or for a plugin that takes none, starts nothing", async () => {
  const wrong = { ...security, defaults: { enforce: "baselin" } };
  await assert.rejects(worldWith([], [{ name: "PodSecurity", configuration: wrong }]), /PodSecurity: defaults.enforce/);
  await assert.rejects(worldWith([], [{ name: "LimitRanger", configuration: {} }]), /"LimitRanger" takes no config/);
});
