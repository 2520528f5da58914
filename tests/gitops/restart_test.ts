import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gitops, serviceAccounts } from "../../controllers/mod.ts";
import { type FileRecord, ManifestFile } from "../../controllers/gitops/mod.ts";
import { ConfigMap, Deployment, kind, type KubeObject, Service } from "../../runtime/schema/mod.ts";
import { type TestCluster, testCluster } from "../controllers/cluster.ts";

const manifests = (path: string) => fileURLToPath(new URL(`../../manifests/${path}`, import.meta.url));

/** The record of a file in state Applied, or gone. */
async function record({ client }: TestCluster, path: string, test: (record?: FileRecord) => boolean): Promise<void> {
  const signal = AbortSignal.timeout(15_000);
  const Crd = kind<KubeObject>(
    "apiextensions.k8s.io/v1",
    "CustomResourceDefinition",
    "customresourcedefinitions",
    false,
  );
  for await (const event of client.watch(Crd, { signal })) {
    if (event.type !== "BOOKMARK" && JSON.stringify(event.object.status ?? {}).includes("Established")) break;
  }
  if (test((await client.list(ManifestFile)).items.find(({ spec }) => spec.path === path))) return;
  for await (const event of client.watch(ManifestFile, { signal })) {
    if (event.type === "BOOKMARK" || event.object.spec.path !== path) continue;
    if (test(event.type === "DELETED" ? undefined : event.object)) return;
  }
  throw new Error(`${path} did not come to what was expected`);
}

const isApplied = (record?: FileRecord) => record?.status?.state === "Applied";

const config = (name: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, namespace: default}\n`;

Deno.test("a file that leaves while the loop is away is pruned when it is back, and so is what left a file", async () => {
  await using cluster = await testCluster();
  const folder = join(cluster.folder, "manifests");
  await Deno.mkdir(folder);
  await Deno.writeTextFile(join(folder, "a.yaml"), config("one"));
  await Deno.writeTextFile(join(folder, "b.yaml"), `${config("two")}---\n${config("three")}---\n${config("four")}`);
  const loop = () => cluster.run([gitops({ folders: [manifests("system"), folder] })]);
  const first = loop();
  await record(cluster, "manifests/a.yaml", isApplied);
  await record(cluster, "manifests/b.yaml", isApplied);
  await first.stop();
  await Deno.remove(join(folder, "a.yaml"));
  await Deno.writeTextFile(join(folder, "b.yaml"), `${config("two")}---\n${config("three")}`);
  loop();
  await record(cluster, "manifests/a.yaml", (record) => record === undefined);
  await record(cluster, "manifests/b.yaml", (record) => isApplied(record) && record?.status?.objectCount === 2);
  const left = (await cluster.client.list(ConfigMap, { namespace: "default" })).items.map(({ metadata }) =>
    metadata.name
  );
  assert.deepEqual(left.filter((name) => name !== "kube-root-ca.crt").sort(), ["three", "two"]);
});

Deno.test("what manifests/ shows is applied as it stands", async () => {
  await using cluster = await testCluster();
  cluster.run([serviceAccounts, gitops({ folders: [manifests("system"), manifests("examples/hello")] })]);
  for (const file of ["namespace", "server", "deployment", "service"]) {
    await record(cluster, `hello/${file}.yaml`, isApplied);
  }
  const hello = { namespace: "hello", name: "hello" };
  assert.equal((await cluster.client.get(Deployment, hello))?.spec?.replicas, 3);
  assert.equal((await cluster.client.get(Service, hello))?.spec?.ports?.[0]?.nodePort, 30080);
});
