import assert from "node:assert/strict";
import { Registry } from "prom-client";
import {
  type Client,
  type Controller,
  controller,
  controllerOf,
  creating,
  deleting,
  done,
  requeueAfter,
  runControllers,
  signalled,
  TerminalError,
} from "../../runtime/loop/mod.ts";
import { ConfigMap, Event, Secret } from "../../runtime/schema/mod.ts";
import { loopMetrics } from "../../runtime/loop/prometheus.ts";
import { apiServer } from "../support/api_server.ts";
import { settle, VirtualClock } from "../support/virtual_clock.ts";

/** Resolves when `seen` of them have come. */
function arrivals(count: number) {
  const { promise, resolve } = Promise.withResolvers<void>();
  let left = count;
  return { promise, come: () => --left === 0 && resolve() };
}

/** A controller of one pushed key, on virtual time, without a cluster. */
function run(reconcile: Controller["reconcile"], metrics?: ReturnType<typeof loopMetrics>) {
  const clock = new VirtualClock();
  const source = signalled();
  const { signal } = new AbortController();
  const value = { name: "tested", sources: [source], reconcile };
  const running = runControllers([value], { client: {} as Client, clock, signal, identity: "me", metrics });
  return { clock, source, running };
}

Deno.test("done rests until a source speaks, requeueAfter comes back by itself", async () => {
  const times: number[] = [];
  const { clock, source, running } = run(() =>
    Promise.resolve(times.push(clock.now()) === 2 ? done : requeueAfter(500))
  );
  const start = clock.now();
  source.signal("a");
  await clock.advance(10_000);
  assert.deepEqual(times, [start, start + 500]);
  source.signal("a");
  await clock.advance(100);
  assert.equal(times.length, 3);
  await running.stop();
});

Deno.test("a failing reconcile is retried with back-off and counted, a terminal one is not retried", async () => {
  const registry = new Registry();
  const tries: Record<string, number> = { a: 0, b: 0 };
  const { clock, source, running } = run((key) => {
    tries[key]!++;
    throw key === "a" ? new Error("no") : new TerminalError("never");
  }, loopMetrics(registry));
  source.signal("a");
  source.signal("b");
  await clock.advance(5 + 10 + 20 + 40);
  assert.deepEqual(tries, { a: 5, b: 1 });
  const text = await registry.metrics();
  assert.match(text, /controller_runtime_reconcile_total\{controller="tested",result="error"\} 5/);
  assert.match(text, /controller_runtime_reconcile_total\{controller="tested",result="terminal_error"\} 1/);
  assert.match(text, /workqueue_retries_total\{name="tested"\} 5/);
  assert.match(text, /workqueue_adds_total\{name="tested"\} 7/);
  await running.stop();
});

Deno.test("stop waits for the key in work, hands out no other, and leaves no timer", async () => {
  const work = Promise.withResolvers<void>();
  const keys: string[] = [];
  const { clock, source, running } = run(async (key) => {
    keys.push(key);
    await work.promise;
    return requeueAfter(1000);
  });
  for (const key of ["a", "b", "c", "d", "e", "f"]) source.signal(key);
  await settle();
  let stopped = false;
  const ending = running.stop().then(() => stopped = true);
  await settle();
  assert.equal(stopped, false);
  work.resolve();
  await ending;
  assert.deepEqual(keys, ["a", "b", "c", "d"]);
  assert.equal(clock.pending, 0);
});

Deno.test("a controller that cannot start is started again and holds up no other", async () => {
  const clock = new VirtualClock();
  let starts = 0;
  const other = signalled();
  const failing: Controller = {
    name: "failing",
    sources: [],
    start() {
      if (++starts < 3) throw new Error("the world is not there yet");
    },
    reconcile: () => Promise.resolve(done),
  };
  const worked: string[] = [];
  const works: Controller = {
    name: "works",
    sources: [other],
    reconcile: (key) => Promise.resolve(worked.push(key) ? done : done),
  };
  const { signal } = new AbortController();
  const running = runControllers([failing, works], { client: {} as Client, clock, signal, identity: "me" });
  other.signal("k");
  await settle();
  assert.deepEqual(worked, ["k"]);
  await clock.advance(5000);
  assert.equal(starts, 3);
  await running.stop();
});

Deno.test("what keeps failing is told by one Event about the object, with a count", async () => {
  await using server = await apiServer();
  const { signal } = new AbortController();
  const failures = arrivals(6);
  const failing = controller(ConfigMap, {
    name: "failing",
    reconcile(key) {
      if (key !== "default/a") return Promise.resolve(done);
      failures.come();
      throw new Error("the disk is full");
    },
  });
  await server.client.create(ConfigMap, {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "a", namespace: "default" },
  });
  const stop = new AbortController();
  const events = server.client.watch(Event, { namespace: "default", signal: stop.signal });
  await using _running = runControllers([failing], { client: server.client, signal, identity: "me" });
  await failures.promise;
  for await (const event of events) {
    if (event.type === "BOOKMARK" || (event.object.count ?? 0) < 2) continue;
    const { reason, message, type, involvedObject, source } = event.object;
    assert.deepEqual([reason, message, type, source?.component], [
      "ReconcileFailed",
      "the disk is full",
      "Warning",
      "failing-controller",
    ]);
    assert.deepEqual([involvedObject.kind, involvedObject.name], ["ConfigMap", "a"]);
    break;
  }
  stop.abort();
  assert.equal((await server.client.list(Event, { namespace: "default" })).items.length, 1);
});

/** Each ConfigMap owns as many Secrets as its data says. */
const keeper = controller(ConfigMap, {
  name: "keeper",
  owns: [Secret],
  async reconcile(key, { read, children, apply }) {
    const map = read(key);
    if (!map?.data?.count) return done;
    const { name, namespace, uid } = map.metadata;
    const have = children(Secret, map);
    const ownerReferences = [{ apiVersion: "v1", kind: "ConfigMap", name, uid, controller: true }];
    const secret = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { generateName: `${name}-`, namespace, ownerReferences },
    };
    const missing = Number(map.data.count) - have.length;
    const writes = Array.from({ length: Math.max(0, missing) }, () => creating(Secret, secret as never));
    const surplus = have.slice(0, Math.max(0, -missing));
    await apply([...writes, ...surplus.map(({ metadata }) => deleting(Secret, metadata))]);
    return done;
  },
});

for (const way of ["client", "https"] as const) {
  Deno.test(`a loop sees its own writes before its next turn, so it never makes too many (${way})`, async () => {
    await using server = await apiServer();
    const client = server[way];
    const { signal } = new AbortController();
    await using running = runControllers([keeper], { client, signal, identity: "me" });
    const metadata = { name: "m", namespace: "default" };
    const ref = { ...metadata };
    await client.create(ConfigMap, { apiVersion: "v1", kind: "ConfigMap", metadata, data: { count: "5" } });
    // Every change makes the owner due while it may be at work.
    for (let n = 0; n < 10; n++) {
      await client.patch(ConfigMap, ref, { type: "merge", body: { data: { n: String(n) } } });
    }
    const secrets = running.informers.of(Secret);
    const owned = () => secrets.list("default").filter((secret) => controllerOf(secret)?.name === "m");
    const reached = (count: number) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const handler = secrets.onChange(() => owned().length === count && resolve());
      return promise.then(() => handler[Symbol.dispose]());
    };
    await reached(5);
    await client.delete(Secret, owned()[0]!.metadata);
    await client.patch(ConfigMap, ref, { type: "merge", body: { data: { count: "7" } } });
    await reached(7);
    await client.patch(ConfigMap, ref, { type: "merge", body: { data: { count: "2" } } });
    await reached(2);
    await running.stop();
    assert.equal((await client.list(Secret, { namespace: "default" })).items.length, 2);
  });
}
