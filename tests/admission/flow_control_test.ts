import assert from "node:assert/strict";
import fc from "fast-check";
import { Level, type Release } from "../../runtime/api/flow_control/level.ts";
import { handOf } from "../../runtime/api/flow_control/queues.ts";
import { apiWorld } from "../api/api_world.ts";
import { apiServer } from "../support/api_server.ts";
import { VirtualClock } from "../support/virtual_clock.ts";

const queuing = { queues: 64, handSize: 6, queueLengthLimit: 10 };
const level = (seats: number, borrowable = 0) => {
  const clock = new VirtualClock();
  return { clock, level: new Level({ seats, lendable: 0, queuing }, clock, () => borrowable) };
};

Deno.test("a flood fills its own queues, is turned away beyond them, and a quiet flow goes next", async () => {
  const { level: one } = level(1);
  const first = one.enter("flood", 1) as Release;
  const flood = Array.from({ length: 200 }, () => one.enter("flood", 1));
  const waiting = flood.filter((place) => place !== undefined);
  assert.equal(waiting.length, queuing.handSize * queuing.queueLengthLimit);
  const order: string[] = [];
  for (const place of waiting) void (place as Promise<Release>).then((release) => (order.push("flood"), release()));
  const quiet = (one.enter("quiet", 1) as Promise<Release>).then((release) => (order.push("quiet"), release()));
  first();
  await quiet;
  await Promise.all(waiting);
  assert.ok(order.indexOf("quiet") <= queuing.handSize, `quiet was number ${order.indexOf("quiet")}`);
});

Deno.test("a wide request that waits gets its seats when all of them are free, not when one is", async () => {
  const { level: one } = level(10);
  const sitting = Array.from({ length: 10 }, () => one.enter("narrow", 1) as Release);
  const wide = one.enter("wide", 10) as Promise<Release>;
  for (const [gone, release] of sitting.entries()) {
    assert.equal(one.taken, 10 - gone);
    release();
  }
  assert.equal(one.taken, 10);
  (await wide)();
  assert.equal(one.taken, 0);
});

Deno.test("who waits too long is turned away and takes no seat", async () => {
  const { level: one, clock } = level(1);
  const release = one.enter("a", 1) as Release;
  const late = one.enter("a", 1);
  await clock.advance(15_000);
  assert.equal(await late, undefined);
  release();
  assert.equal(one.taken, 0);
  assert.equal(one.waiting, 0);
});

Deno.test("a level never seats more than its own and what is lent", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 0, max: 5 }),
      fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 60 }),
      (seats, lent, widths) => {
        const { level: one } = level(seats, lent);
        for (const [i, width] of widths.entries()) {
          one.enter(`flow-${i}`, width);
          assert.ok(one.taken <= Math.max(seats + lent, 3));
        }
      },
    ),
    { seed: 36 },
  );
});

Deno.test("a hand holds different queues, the same for the same flow", () => {
  fc.assert(
    fc.property(fc.string(), (flow) => {
      const hand = handOf(flow, queuing);
      assert.equal(new Set(hand).size, queuing.handSize);
      assert.ok(hand.every((index) => index >= 0 && index < queuing.queues));
      assert.deepEqual(handOf(flow, queuing), hand);
    }),
    { seed: 36 },
  );
});

const flows = "/apis/flowcontrol.apiserver.k8s.io/v1";

Deno.test("the defaults are there, are told of in every answer, and come back when deleted", async () => {
  await using world = await apiWorld();
  const { body } = await world.call("GET", `${flows}/flowschemas`);
  assert.equal(body.items.length, 11);
  const exempt = body.items.find(({ metadata }: { metadata: { name: string } }) => metadata.name === "exempt");
  assert.deepEqual(exempt.status.conditions.map(({ type, status }: Record<string, string>) => [type, status]), [
    ["Dangling", "False"],
  ]);
  const { headers } = await world.call("GET", "/api/v1/namespaces");
  assert.equal(headers.get("x-kubernetes-pf-flowschema-uid"), exempt.metadata.uid);
  const resource = world.api.resources.find("flowcontrol.apiserver.k8s.io", "v1", "flowschemas")!;
  const { promise, resolve } = Promise.withResolvers<void>();
  const sink = {
    event: (type: string, { path }: { path: string }) => type === "ADDED" && path === "catch-all" && resolve(),
    ...{ bookmark: () => {}, closed: () => {} },
  };
  const { resourceVersion } = body.metadata;
  using _watch = await world.api.registry.watch({ resource, namespace: "" }, { resourceVersion }, sink);
  await world.call("DELETE", `${flows}/flowschemas/catch-all`);
  await promise;
});

Deno.test("a level without a queue turns away with 429 whom it has no seat for, and leaves others alone", async () => {
  await using world = await apiWorld();
  const limited = { nominalConcurrencyShares: 1, borrowingLimitPercent: 0, limitResponse: { type: "Reject" } };
  const spec = { type: "Limited", limited };
  await world.call("POST", `${flows}/prioritylevelconfigurations`, { metadata: { name: "narrow" }, spec });
  const resourceRules = [{ verbs: ["*"], apiGroups: ["*"], resources: ["*"], clusterScope: true, namespaces: ["*"] }];
  const rules = [{ subjects: [{ kind: "User", user: { name: "eve" } }], resourceRules }];
  const schema = { matchingPrecedence: 50, priorityLevelConfiguration: { name: "narrow" }, rules };
  await world.call("POST", `${flows}/flowschemas`, { metadata: { name: "narrow" }, spec: schema });
  const ask = (name: string) =>
    world.api.rawRequest({ name, groups: ["system:authenticated"] }, new Request("https://api/api/v1/secrets"));
  const flood = Array.from({ length: 50 }, () => ask("eve"));
  const quiet = await ask("adam");
  assert.equal(quiet.status, 403);
  const turnedAway = (await Promise.all(flood)).filter(({ status }) => status === 429);
  assert.ok(turnedAway.length > 0);
  assert.equal(turnedAway[0]!.headers.get("retry-after"), "1");
  assert.equal((await turnedAway[0]!.json()).message, "too many requests, please try again later.");
});

Deno.test("on a socket the headers of flow control stand on plain answers and on watches", async () => {
  await using server = await apiServer();
  const client = Deno.createHttpClient({ caCerts: [server.ca], ...server.admin });
  for (const path of ["/api/v1/namespaces", "/api/v1/namespaces?watch=1&timeoutSeconds=1"]) {
    const response = await fetch(server.url + path, { client });
    await response.text();
    assert.match(response.headers.get("x-kubernetes-pf-prioritylevel-uid") ?? "", /^[0-9a-f-]{36}$/, path);
  }
  client.close();
});

Deno.test("what was dispatched, turned away and is waited for is told under upstream's names", async () => {
  await using world = await apiWorld();
  const limited = { nominalConcurrencyShares: 1, borrowingLimitPercent: 0, limitResponse: { type: "Reject" } };
  await world.call("POST", `${flows}/prioritylevelconfigurations`, {
    metadata: { name: "narrow" },
    spec: { type: "Limited", limited },
  });
  const resourceRules = [{ verbs: ["*"], apiGroups: ["*"], resources: ["*"], clusterScope: true, namespaces: ["*"] }];
  const rules = [{ subjects: [{ kind: "User", user: { name: "eve" } }], resourceRules }];
  await world.call("POST", `${flows}/flowschemas`, {
    metadata: { name: "narrow" },
    spec: { matchingPrecedence: 50, priorityLevelConfiguration: { name: "narrow" }, rules },
  });
  const eve = { name: "eve", groups: ["system:authenticated"] };
  const asked = Array.from({ length: 50 }, () => world.api.rawRequest(eve, new Request("https://api/api/v1/secrets")));
  const away = (await Promise.all(asked)).filter(({ status }) => status === 429).length;
  const { body } = await world.call("GET", "/metrics");
  const figure = (name: string, more = "") => {
    const labels = 'priority_level="narrow"' + more;
    const line = (body as string).split("\n").find((one) => one.startsWith(`apiserver_flowcontrol_${name}{${labels}`));
    return Number(line?.split(" ").at(-1));
  };
  const schema = ',flow_schema="narrow"';
  assert.equal(figure("dispatched_requests_total", schema), 50 - away);
  assert.equal(figure("rejected_requests_total", `${schema},reason="concurrency-limit"`), away);
  assert.equal(figure("current_executing_requests", schema), 0);
  assert.equal(figure("current_executing_seats", schema), 0);
  assert.equal(figure("current_inqueue_requests", schema), 0);
  assert.equal(figure("nominal_limit_seats"), figure("upper_limit_seats"));
  const counted = (body as string).match(/request_execution_seconds_count\{priority_level="narrow".*\} (\d+)/);
  assert.equal(Number(counted?.[1]), 50 - away);
});
