import assert from "node:assert/strict";
import {
  clusterRoleAggregation,
  ephemeralVolumes,
  resourceQuotas,
  serviceAccounts,
  serviceAccountTokens,
  tokenSecretCleaner,
} from "../../controllers/mod.ts";
import { newPrivateKey, tokenIssuer } from "../../runtime/auth/mod.ts";
import { type Clock, systemClock } from "../../runtime/loop/mod.ts";
import {
  ClusterRole,
  ConfigMap,
  Namespace,
  PersistentVolumeClaim,
  Pod,
  ResourceQuota,
  Secret,
  ServiceAccount,
} from "../../runtime/schema/mod.ts";
import { type TestCluster, testCluster } from "./cluster.ts";
import { fastClock } from "./crash/fast_clock.ts";

async function withNamespace(cluster: TestCluster): Promise<void> {
  cluster.run([serviceAccounts]);
  await cluster.client.create(Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: "work" } });
  await cluster.until(ServiceAccount, { namespace: "work", name: "default" }, (account) => account !== undefined);
}

Deno.test("a quota's status tells what its namespace uses, also after objects go and the quota changes", async () => {
  await using cluster = await testCluster();
  const { client, until } = cluster;
  await withNamespace(cluster);
  cluster.run([resourceQuotas()]);
  const quota = { namespace: "work", name: "limits" };
  const hard = { configmaps: "5", pods: "3", "requests.cpu": "2", "count/deployments.apps": "1" };
  await client.create(ResourceQuota, { apiVersion: "v1", kind: "ResourceQuota", metadata: quota, spec: { hard } });
  const uses = (used: Record<string, string>) =>
    until(
      ResourceQuota,
      quota,
      ({ status } = {} as never) => Object.entries(used).every(([name, amount]) => status?.used?.[name] === amount),
    );
  await uses({ configmaps: "0", pods: "0", "requests.cpu": "0", "count/deployments.apps": "0" });
  const map = { namespace: "work", name: "one" };
  await client.create(ConfigMap, { apiVersion: "v1", kind: "ConfigMap", metadata: map });
  const resources = { requests: { cpu: "250m" } };
  await client.create(Pod, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace: "work", name: "pod" },
    spec: { containers: [{ name: "main", image: "x", resources }] },
  });
  await uses({ configmaps: "1", pods: "1", "requests.cpu": "250m" });
  await client.delete(ConfigMap, map);
  await client.patch(ResourceQuota, quota, {
    type: "merge",
    body: { spec: { hard: { pods: "9", "requests.cpu": null } } },
  });
  const after = await until(
    ResourceQuota,
    quota,
    ({ status } = {} as never) => status?.hard?.pods === "9" && status.used?.configmaps === "0",
  );
  assert.deepEqual(after?.status?.used, { configmaps: "0", pods: "1", "count/deployments.apps": "0" });
});

Deno.test("what an API server reserved and never wrote, because it died, comes back to the quota", async () => {
  await using cluster = await testCluster();
  const { client, until } = cluster;
  await withNamespace(cluster);
  const quota = { namespace: "work", name: "limits" };
  const spec = { hard: { configmaps: "5" } };
  const made = await client.create(ResourceQuota, { apiVersion: "v1", kind: "ResourceQuota", metadata: quota, spec });
  const leaked = { ...made, status: { hard: spec.hard, used: { configmaps: "3" } } };
  await client.update(ResourceQuota, leaked, { subresource: "status" });
  cluster.run([resourceQuotas()], client, fastClock(100));
  await until(ResourceQuota, quota, (seen) => seen?.status?.used?.configmaps === "0");
});

Deno.test("an aggregated ClusterRole holds the rules of those that it selects, and follows them", async () => {
  await using cluster = await testCluster();
  const { client, until } = cluster;
  cluster.run([clusterRoleAggregation]);
  const role = (name: string, resource: string, labels = {}) =>
    client.create(ClusterRole, {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      metadata: { name, labels },
      rules: [{ apiGroups: [""], resources: [resource], verbs: ["get"] }],
    });
  await role("part-b", "secrets", { part: "yes" });
  await client.create(ClusterRole, {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRole",
    metadata: { name: "whole", labels: { part: "yes" } },
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: { part: "yes" } }] },
  });
  await role("part-a", "pods", { part: "yes" });
  await role("other", "nodes");
  const holds = (...resources: string[]) =>
    until(
      ClusterRole,
      { name: "whole" },
      (whole) => JSON.stringify(whole?.rules?.flatMap(({ resources }) => resources)) === JSON.stringify(resources),
    );
  await holds("pods", "secrets");
  await client.patch(ClusterRole, { name: "part-a" }, {
    type: "merge",
    body: { metadata: { labels: { part: "no" } } },
  });
  await holds("secrets");
});

Deno.test("a pod brings the claims of its ephemeral volumes, and says when another has the name", async () => {
  await using cluster = await testCluster();
  const { client, until } = cluster;
  await withNamespace(cluster);
  cluster.run([ephemeralVolumes]);
  const spec = { accessModes: ["ReadWriteOnce" as const], resources: { requests: { storage: "1Gi" } } };
  const created = await client.create(Pod, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace: "work", name: "pod" },
    spec: {
      containers: [{ name: "main", image: "x" }],
      volumes: [{ name: "scratch", ephemeral: { volumeClaimTemplate: { metadata: { labels: { a: "b" } }, spec } } }],
    },
  });
  const claim = await until(PersistentVolumeClaim, { namespace: "work", name: "pod-scratch" }, (claim) => !!claim);
  assert.equal(claim?.metadata.ownerReferences?.[0]?.uid, created.metadata.uid);
  assert.equal(claim?.metadata.labels?.a, "b");
});

Deno.test("a token Secret gets a token of its account, another when the key is another, and goes with the account", async () => {
  const keys = { signing: await newPrivateKey(), retired: [] };
  const tokens = tokenIssuer({
    key: keys.signing,
    lookup: (_kind, { name }) => Promise.resolve(known.get(name)),
  });
  const known = new Map<string, { metadata: { name: string; uid: string } }>();
  await using cluster = await testCluster({ tokens });
  const { client, until } = cluster;
  await withNamespace(cluster);
  const pki = { ca: { cert: "authority" }, serviceAccountKey: keys.signing };
  const renewed = new Set<() => void>();
  const onRenewed = (tell: () => void) => {
    renewed.add(tell);
    return { [Symbol.dispose]: () => void renewed.delete(tell) };
  };
  cluster.run([serviceAccountTokens({ pki, onRenewed })]);
  const robot = { namespace: "work", name: "robot" };
  const account = await client.create(ServiceAccount, { apiVersion: "v1", kind: "ServiceAccount", metadata: robot });
  const ref = { namespace: "work", name: "robot-token" };
  const type = "kubernetes.io/service-account-token";
  const annotations = { "kubernetes.io/service-account.name": "robot" };
  const made = await client.create(Secret, {
    apiVersion: "v1",
    kind: "Secret",
    type,
    metadata: { ...ref, annotations },
  });
  const secret = await until(Secret, ref, (secret) => secret?.data?.token !== undefined);
  assert.equal(atob(secret!.data!["ca.crt"]!), "authority");
  assert.equal(atob(secret!.data!.namespace!), "work");
  known.set("robot", account).set("robot-token", made);
  const { user } = await tokens.verify(atob(secret!.data!.token!));
  assert.equal(user.name, "system:serviceaccount:work:robot");
  pki.serviceAccountKey = await newPrivateKey();
  tokens.use({ signing: pki.serviceAccountKey, retired: [] });
  for (const tell of renewed) tell();
  const signed = await until(Secret, ref, ({ data } = {} as never) => data!.token !== secret!.data!.token);
  assert.equal((await tokens.verify(atob(signed!.data!.token!))).user.name, user.name);
  await client.delete(ServiceAccount, robot);
  await until(Secret, ref, (secret) => secret === undefined);
});

Deno.test("a token that a cluster made by itself and nobody used for a year is invalid, and goes after another", async () => {
  await using cluster = await testCluster();
  const { client, until } = cluster;
  await withNamespace(cluster);
  const type = "kubernetes.io/service-account-token";
  const annotations = { "kubernetes.io/service-account.name": "robot" };
  const named = (name: string) => ({ namespace: "work", name });
  const make = (name: string, labels: Record<string, string> = {}) =>
    client.create(Secret, {
      apiVersion: "v1",
      kind: "Secret",
      type,
      metadata: { ...named(name), annotations, labels },
    });
  for (const name of ["automatic", "mounted", "by-hand"]) await make(name);
  const invalid = "kubernetes.io/legacy-token-invalid-since";
  const day = (fromNow: number) => new Date(Date.now() + fromNow * 86_400_000).toISOString().slice(0, 10);
  await make("old", { [invalid]: day(-10) });
  await make("used", { "kubernetes.io/legacy-token-last-used": day(300) });
  const secrets = ["automatic", "mounted", "old", "used"].map((name) => ({ name }));
  await client.create(ServiceAccount, { apiVersion: "v1", kind: "ServiceAccount", metadata: named("robot"), secrets });
  await client.create(Pod, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: named("pod"),
    spec: { containers: [{ name: "c", image: "x" }], volumes: [{ name: "v", secret: { secretName: "mounted" } }] },
  });
  const later: Clock = { ...systemClock, now: () => Date.now() + 400 * 86_400_000 };
  cluster.run([tokenSecretCleaner()], client, later);
  await until(Secret, named("automatic"), (secret) => secret?.metadata.labels?.[invalid] === day(400));
  await until(Secret, named("old"), (secret) => secret === undefined);
  for (const name of ["mounted", "by-hand", "used"]) {
    assert.equal((await client.get(Secret, named(name)))?.metadata.labels?.[invalid], undefined, name);
  }
});
