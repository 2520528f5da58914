import assert from "node:assert/strict";
import { garbageCollector } from "../../controllers/mod.ts";
import { ConfigMap, CustomResourceDefinition, kind, type KubeObject, type Stored } from "../../runtime/schema/mod.ts";
import { testCluster } from "./cluster.ts";

const Widget = kind<KubeObject>("example.com/v1", "Widget", "widgets", true);
const definition = { name: "widgets.example.com" };

Deno.test("what a custom object owns goes with it, with its whole kind, and again when the kind has come back", async () => {
  await using cluster = await testCluster();
  const { client, until } = cluster;
  cluster.run([garbageCollector()]);
  const define = async () => {
    const schema = { openAPIV3Schema: { type: "object" } };
    await client.create(CustomResourceDefinition, {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: definition,
      spec: {
        group: "example.com",
        names: { kind: "Widget", plural: "widgets" },
        scope: "Namespaced",
        versions: [{ name: "v1", served: true, storage: true, schema }],
      },
    });
    await until(
      CustomResourceDefinition,
      definition,
      (object) =>
        object?.status?.conditions?.some(({ type, status }) => type === "Established" && status === "True") ?? false,
    );
  };
  const own = async (name: string) => {
    const metadata = { name, namespace: "default" };
    const widget: Stored<KubeObject> = await client.create(Widget, {
      apiVersion: "example.com/v1",
      kind: "Widget",
      metadata,
    });
    const ownerReferences = [{ apiVersion: "example.com/v1", kind: "Widget", name, uid: widget.metadata.uid }];
    await client.create(ConfigMap, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { ...metadata, ownerReferences },
    });
  };
  const gone = (name: string) => until(ConfigMap, { namespace: "default", name }, (object) => object === undefined);
  await define();
  await own("a");
  await client.delete(Widget, { namespace: "default", name: "a" });
  await gone("a");
  await own("b");
  await client.delete(CustomResourceDefinition, definition);
  await gone("b");
  await until(CustomResourceDefinition, definition, (object) => object === undefined);
  await define();
  await own("c");
  assert.ok(await client.get(ConfigMap, { namespace: "default", name: "c" }));
  await client.delete(Widget, { namespace: "default", name: "c" });
  await gone("c");
});
