/** What the Client port promises, said once; both clients run it against a real API server. */
import assert from "node:assert/strict";
import type { Client, WatchEvent } from "../../runtime/loop/mod.ts";
import { ConfigMap, isReason, kind, Namespace, Node, Pod, ServiceAccount } from "../../runtime/schema/mod.ts";
import type { IConfigMap } from "kubernetes-models/v1/ConfigMap";
import { type ApiServer, apiServer } from "../support/api_server.ts";

type Event = WatchEvent<IConfigMap>;

const configMap = (name: string, data: Record<string, string> = {}): IConfigMap => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace: "default", labels: { app: name[0]! } },
  data,
});

const pod = (name: string) => ({
  apiVersion: "v1" as const,
  kind: "Pod" as const,
  metadata: { name, namespace: "default" },
  spec: { containers: [{ name: "c", image: "i" }] },
});

/** Events until `count` have come. */
async function first(count: number, events: AsyncIterable<Event>): Promise<Event[]> {
  const found: Event[] = [];
  for await (const event of events) {
    if (event.type !== "BOOKMARK") found.push(event);
    if (found.length === count) break;
  }
  return found;
}

const told = (events: readonly Event[]) =>
  events.map((event) => event.type === "BOOKMARK" ? "" : `${event.type} ${event.object.metadata.name}`);

const reason = (...reasons: Parameters<typeof isReason>[1][]) => (error: unknown) => isReason(error, ...reasons);

export function clientSuite(name: string, clientOf: (server: ApiServer) => Client): void {
  const test = (sentence: string, body: (client: Client) => Promise<void>) =>
    Deno.test(`${name} client: ${sentence}`, async () => {
      await using server = await apiServer();
      await body(clientOf(server));
    });

  test("what is created can be read, listed, updated and deleted", async (client) => {
    const created = await client.create(ConfigMap, configMap("a", { k: "1" }));
    assert.ok(created.metadata.uid && created.metadata.resourceVersion);
    const ref = { namespace: "default", name: "a" };
    assert.deepEqual((await client.get(ConfigMap, ref))?.data, { k: "1" });
    const updated = await client.update(ConfigMap, { ...created, data: { k: "2" } } as IConfigMap);
    assert.deepEqual(updated.data, { k: "2" });
    const { items } = await client.list(ConfigMap, { namespace: "default", labelSelector: "app=a" });
    assert.deepEqual(items.map(({ kind, apiVersion, metadata }) => [kind, apiVersion, metadata.name]), [
      ["ConfigMap", "v1", "a"],
    ]);
    await client.delete(ConfigMap, ref);
    assert.equal(await client.get(ConfigMap, ref), undefined);
  });

  test("what cannot be done is a StatusError with the server's reason", async (client) => {
    const created = await client.create(ConfigMap, configMap("a"));
    await assert.rejects(client.create(ConfigMap, configMap("a")), reason("AlreadyExists"));
    await client.update(ConfigMap, { ...created, data: { k: "2" } } as IConfigMap);
    await assert.rejects(client.update(ConfigMap, created as IConfigMap), reason("Conflict"));
    await assert.rejects(client.delete(ConfigMap, { namespace: "default", name: "x" }), (error) => {
      assert.ok(isReason(error, "NotFound"));
      assert.equal(error.message, 'configmaps "x" not found');
      return true;
    });
    await assert.rejects(client.list(ConfigMap, { labelSelector: "a in" }), reason("BadRequest"));
    await assert.rejects(client.create(ConfigMap, configMap("Not A Name")), reason("Invalid"));
    const unknown = kind("nowhere.example/v1", "Widget", "widgets", true);
    await assert.rejects(client.list(unknown), reason("NotFound"));
  });

  test("every kind of patch changes what it says", async (client) => {
    await client.create(ConfigMap, configMap("a", { keep: "1", change: "1" }));
    const ref = { namespace: "default", name: "a" };
    await client.patch(ConfigMap, ref, { type: "merge", body: { data: { change: "2", added: "1" } } });
    await client.patch(ConfigMap, ref, { type: "strategic", body: { data: { added: null } } });
    const json = { type: "json" as const, body: [{ op: "add", path: "/data/json", value: "1" }] };
    await client.patch(ConfigMap, ref, json);
    const body = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, data: { applied: "1" } };
    const applied = await client.patch(ConfigMap, ref, { type: "apply", body }, { fieldManager: "tester" });
    assert.deepEqual(applied.data, { keep: "1", change: "2", json: "1", applied: "1" });
    const dry = { type: "merge" as const, body: { data: null } };
    await client.patch(ConfigMap, ref, dry, { dryRun: true });
    assert.equal((await client.get(ConfigMap, ref))?.metadata.resourceVersion, applied.metadata.resourceVersion);
  });

  test("a list in pages gives everything once, as of its first page", async (client) => {
    for (const name of ["a", "b", "c", "d", "e"]) await client.create(ConfigMap, configMap(name));
    const names: string[] = [];
    let page = await client.list(ConfigMap, { namespace: "default", limit: 2 });
    await client.create(ConfigMap, configMap("late"));
    for (;;) {
      names.push(...page.items.map((item) => item.metadata.name));
      if (!page.continue) break;
      page = await client.list(ConfigMap, { namespace: "default", limit: 2, continue: page.continue });
    }
    assert.deepEqual(names.filter((name) => name.length === 1 || name === "late"), ["a", "b", "c", "d", "e"]);
  });

  test("a watch begins after its version, sees a selection, and ends with its signal", async (client) => {
    await client.create(ConfigMap, configMap("before"));
    const { resourceVersion } = await client.list(ConfigMap, { namespace: "default" });
    const stop = new AbortController();
    const options = { namespace: "default", labelSelector: "app=a", resourceVersion, signal: stop.signal };
    const ended = (async () => {
      const found: Event[] = [];
      for await (const event of client.watch(ConfigMap, options)) {
        found.push(event);
        if (found.length === 3) stop.abort();
      }
      return found;
    })();
    await client.create(ConfigMap, configMap("ant"));
    await client.create(ConfigMap, configMap("bee"));
    const ref = { namespace: "default", name: "ant" };
    await client.patch(ConfigMap, ref, { type: "merge", body: { data: { k: "v" } } });
    await client.patch(ConfigMap, ref, { type: "merge", body: { metadata: { labels: { app: "b" } } } });
    assert.deepEqual(told(await ended), ["ADDED ant", "MODIFIED ant", "DELETED ant"]);
  });

  test("a watch without a version tells what is there first", async (client) => {
    await client.create(ConfigMap, configMap("a"));
    const stop = new AbortController();
    const events = client.watch(ConfigMap, { namespace: "default", labelSelector: "app", signal: stop.signal });
    const found = first(2, events);
    await client.create(ConfigMap, configMap("b"));
    assert.deepEqual(told(await found), ["ADDED a", "ADDED b"]);
    stop.abort();
  });

  test("a watch that was aborted before it began ends at once", async (client) => {
    const signal = AbortSignal.abort();
    for await (const _event of client.watch(ConfigMap, { signal, resourceVersion: "1" })) assert.fail("an event");
  });

  test("a pod is bound by a post to its binding, and status is written apart from spec", async (client) => {
    await client.create(Node, { apiVersion: "v1", kind: "Node", metadata: { name: "n1" } });
    await client.create(ServiceAccount, {
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { name: "default", namespace: "default" },
    });
    await client.create(Pod, pod("p"));
    const ref = { namespace: "default", name: "p" };
    await client.post(Pod, ref, "binding", {
      apiVersion: "v1",
      kind: "Binding",
      metadata: { ...ref },
      target: { apiVersion: "v1", kind: "Node", name: "n1" },
    });
    const body = { status: { phase: "Running" } };
    await client.patch(Pod, ref, { type: "strategic", body }, { subresource: "status" });
    const bound = await client.get(Pod, ref);
    assert.deepEqual([bound?.spec?.nodeName, bound?.status?.phase], ["n1", "Running"]);
  });

  test("any path can be asked for", async (client) => {
    const version = await client.raw("GET", "/version") as { major: string };
    assert.equal(version.major, "1");
    const body = { apiVersion: "v1", kind: "Namespace", metadata: { name: "raw" } };
    await client.raw("POST", "/api/v1/namespaces", body);
    assert.ok(await client.get(Namespace, { name: "raw" }));
    await assert.rejects(client.raw("GET", "/apis/nowhere.example/v1/widgets"), reason("NotFound"));
  });

  test("what a caller does to its object afterwards does not reach the server", async (client) => {
    const mine = configMap("a", { k: "1" });
    await client.create(ConfigMap, mine);
    mine.data!.k = "2";
    assert.deepEqual((await client.get(ConfigMap, { namespace: "default", name: "a" }))?.data, { k: "1" });
  });
}
