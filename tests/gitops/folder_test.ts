import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gitops, namespaces, serviceAccounts } from "../../controllers/mod.ts";
import { type FileRecord, ManifestFile } from "../../controllers/gitops/mod.ts";
import { ConfigMap, CustomResourceDefinition, kind, type KubeObject, Namespace } from "../../runtime/schema/mod.ts";
import { type TestCluster, testCluster } from "../controllers/cluster.ts";

const system = fileURLToPath(new URL("../../manifests/system", import.meta.url));

interface Site extends AsyncDisposable {
  readonly cluster: TestCluster;
  /** The user's folder. */
  readonly folder: string;
  write(path: string, text: string): Promise<void>;
  /** The record of a file when it passes the test. */
  record(path: string, test: (record: FileRecord | undefined) => boolean): Promise<FileRecord | undefined>;
  data(name: string, test: (data: Record<string, string> | undefined) => boolean): Promise<void>;
}

async function site(files: Record<string, string> = {}): Promise<Site> {
  const cluster = await testCluster();
  const folder = join(cluster.folder, "manifests");
  await Deno.mkdir(folder);
  const write = async (path: string, text: string) => {
    await Deno.mkdir(join(folder, path, ".."), { recursive: true });
    await Deno.writeTextFile(join(folder, path), text);
  };
  for (const [path, text] of Object.entries(files)) await write(path, text);
  cluster.run([gitops({ folders: [system, folder] }), namespaces, serviceAccounts]);
  await cluster.client.create(Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: "default" } }).catch(
    () => {},
  );
  await cluster.until(
    CustomResourceDefinition,
    { name: "manifestfiles.gitops.d8s.io" },
    (crd) => crd?.status?.conditions?.some(({ type, status }) => type === "Established" && status === "True") ?? false,
  );
  return {
    cluster,
    folder,
    write,
    record: (path, test) => record(cluster, `manifests/${path}`, test),
    async data(name, test) {
      await cluster.until(
        ConfigMap,
        { namespace: "default", name },
        (config) => test(config?.data as Record<string, string>),
      );
    },
    [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
  };
}

/** Waits by watch, as `kubectl get manifestfiles -w` would. */
async function record(
  { client }: TestCluster,
  path: string,
  test: (record: FileRecord | undefined) => boolean,
): Promise<FileRecord | undefined> {
  const signal = AbortSignal.timeout(15_000);
  const known = (await client.list(ManifestFile)).items.find(({ spec }) => spec.path === path);
  if (test(known)) return known;
  let last = known;
  for await (const event of client.watch(ManifestFile, { signal })) {
    if (event.type === "BOOKMARK" || event.object.spec.path !== path) continue;
    last = event.type === "DELETED" ? undefined : event.object;
    if (test(last)) return last;
  }
  throw new Error(`${path} did not come to what was expected: ${JSON.stringify(last?.status)}`);
}

const config = (name: string, value: string) =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, namespace: default}\ndata: {key: "${value}"}\n`;

const isApplied = (record?: FileRecord) => record?.status?.state === "Applied";

Deno.test("files become objects, subfolders and custom resources included, and each file has a record", async () => {
  await using here = await site({
    "a-widget.yaml":
      "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w, namespace: shop}\nspec: {size: 3}\n",
    "deep/er/b.json": JSON.stringify({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "b", namespace: "shop" },
      data: { a: "1" },
    }),
    "z/namespace.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n",
    "z/crd.yaml": `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: widgets, singular: widget, kind: Widget, listKind: WidgetList}
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {size: {type: integer}}}}}}
`,
  });
  for (const path of ["a-widget.yaml", "deep/er/b.json", "z/namespace.yaml", "z/crd.yaml"]) {
    await here.record(path, isApplied);
  }
  const Widget = kind<KubeObject>("example.com/v1", "Widget", "widgets", true);
  const widget = await here.cluster.client.get(Widget, { namespace: "shop", name: "w" });
  assert.deepEqual(widget?.spec, { size: 3 });
  const file = await here.record("a-widget.yaml", isApplied);
  assert.deepEqual(file?.status?.objects, [{
    apiVersion: "example.com/v1",
    kind: "Widget",
    namespace: "shop",
    name: "w",
  }]);
  assert.match(file?.status?.hash ?? "", /^[0-9a-f]{12}$/);
});

Deno.test("what changes in a file changes in the cluster, and what leaves a file is pruned", async () => {
  await using here = await site({
    "a.yaml": `${config("one", "1")}---\n${config("two", "2")}`,
    "b.yaml": config("three", "3"),
  });
  await here.record("a.yaml", isApplied);
  await here.record("b.yaml", isApplied);
  await here.write("a.yaml", config("one", "changed"));
  await here.data("one", (data) => data?.key === "changed");
  await here.data("two", (data) => data === undefined);
  await here.data("three", (data) => data?.key === "3");
});

Deno.test("what somebody changes or deletes is repaired, and fields that the file does not name are left alone", async () => {
  await using here = await site({ "a.yaml": config("one", "1") });
  await here.record("a.yaml", isApplied);
  const { client } = here.cluster;
  const ref = { namespace: "default", name: "one" };
  await client.patch(ConfigMap, ref, { type: "merge", body: { data: { key: "meddled", other: "mine" } } });
  await here.data("one", (data) => data?.key === "1" && data.other === "mine");
  await client.delete(ConfigMap, ref);
  await here.data("one", (data) => data?.key === "1" && data.other === undefined);
});

Deno.test("a broken file changes nothing and says where it is broken, whether the reader or the server refuses it", async () => {
  await using here = await site({ "a.yaml": `${config("one", "1")}---\n${config("two", "2")}` });
  await here.record("a.yaml", isApplied);
  await here.write("a.yaml", `${config("one", "new")}---\nkind: [\n`);
  const unread = await here.record("a.yaml", (record) => record?.status?.state === "Broken");
  assert.match(unread?.status?.message ?? "", /^manifests\/a\.yaml, document 2, line \d+: /);
  await here.write(
    "a.yaml",
    `${
      config("one", "new")
    }---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: Not_A_Name\n  namespace: default\n`,
  );
  const refused = await here.record("a.yaml", (record) => record?.status?.message?.includes("Not_A_Name") ?? false);
  assert.match(refused?.status?.message ?? "", /^manifests\/a\.yaml, document 2, line 9: /);
  await here.data("one", (data) => data?.key === "1");
  await here.data("two", (data) => data?.key === "2");
  await here.write("a.yaml", config("one", "mended"));
  await here.data("one", (data) => data?.key === "mended");
  await here.data("two", (data) => data === undefined);
});

Deno.test("a file that is still being written counts for nothing until its writer lets go", async () => {
  await using here = await site({ "z.yaml": config("zero", "0") });
  await here.record("z.yaml", isApplied);
  {
    using file = await Deno.open(join(here.folder, "a.yaml"), { create: true, write: true });
    await file.write(new TextEncoder().encode(config("one", "1")));
    // Another file that is changed later and whole is seen first: the loop did look.
    await here.write("b.yaml", config("two", "2"));
    await here.record("b.yaml", isApplied);
    assert.equal(await here.cluster.client.get(ConfigMap, { namespace: "default", name: "one" }), undefined);
    await file.write(new TextEncoder().encode(`---\n${config("three", "3")}`));
  }
  await here.data("one", (data) => data?.key === "1");
  await here.data("three", (data) => data?.key === "3");
});

Deno.test("editors' copies, hidden files and other names are not read; a rename is a change of both", async () => {
  await using here = await site({
    "a.yaml": config("one", "1"),
    "keep.yaml": config("keep", "0"),
    "more.yaml": config("more", "0"),
  });
  await here.record("a.yaml", isApplied);
  for (const name of ["b.yaml~", ".b.yaml.swp", ".b.yaml", "#b.yaml#", "b.txt", ".git/b.yaml"]) {
    await here.write(name, config("bad", "x"));
  }
  await Deno.rename(join(here.folder, "a.yaml"), join(here.folder, "c.yaml"));
  await here.record("c.yaml", isApplied);
  await here.record("a.yaml", (record) => record === undefined);
  await here.data("one", (data) => data?.key === "1");
  assert.equal(await here.cluster.client.get(ConfigMap, { namespace: "default", name: "bad" }), undefined);
});

Deno.test("a folder that vanishes empties nothing until somebody confirms, and what is confirmed goes", async () => {
  await using here = await site({
    "a.yaml": config("one", "1"),
    "b.yaml": config("two", "2"),
    "c.yaml": config("three", "3"),
  });
  for (const path of ["a.yaml", "b.yaml", "c.yaml"]) await here.record(path, isApplied);
  await Deno.remove(here.folder, { recursive: true });
  const isHeld = (record?: FileRecord) => record?.status?.state === "Held";
  const held = await here.record("a.yaml", isHeld);
  await here.record("b.yaml", isHeld);
  await here.record("c.yaml", isHeld);
  const [command] = /kubectl annotate manifestfile \S+ \S+=yes/.exec(held?.status?.message ?? "") ?? [];
  assert.ok(command, held?.status?.message ?? "no message");
  await here.data("one", (data) => data?.key === "1");
  const body = { metadata: { annotations: { "gitops.d8s.io/confirm-prune": "yes" } } };
  await here.cluster.client.patch(ManifestFile, { name: held!.metadata.name }, { type: "merge", body });
  await here.data("one", (data) => data === undefined);
  await here.data("two", (data) => data?.key === "2");
  await here.write("b.yaml", config("two", "back"));
  await here.record("b.yaml", isApplied);
  await here.data("two", (data) => data?.key === "back");
});
