/** Who waits, for what, and for how long. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { defaultProfile } from "../../controllers/scheduler/configuration/configuration.ts";
import { placePod, refusers } from "../../controllers/scheduler/place_pod.ts";
import type { Happening } from "../../controllers/scheduler/plugin.ts";
import { WaitingRoom } from "../../controllers/scheduler/waiting_room.ts";
import { clusterOf, facts, node, type PodOptions, seeded } from "./sample.ts";

type Cluster = ReturnType<typeof clusterOf>;

const backOff = { firstMs: 50, baseMs: 1000, capMs: 10_000 };
const place = (name: string, options: PodOptions, cluster: Cluster) =>
  placePod(facts(name, options), cluster, defaultProfile, { random: seeded(1) });

/** A room where this pod waits, which fits nowhere. */
function waiting(options: PodOptions, cluster: Cluster): WaitingRoom {
  const room = new WaitingRoom(backOff);
  const refused = place("p", options, cluster);
  assert.equal(refused.type, "refused");
  if (refused.type === "refused") room.enter(facts("p", options), refusers(refused), 0);
  return room;
}

const app = fc.constantFrom("x", "y");
const podOptions = fc.record({
  app,
  cpu: fc.constantFrom("1", "2", "4"),
  port: fc.option(fc.constantFrom(80, 81), { nil: undefined }),
  zone: fc.option(fc.constantFrom("a", "b"), { nil: undefined, freq: 4 }),
  near: fc.option(app, { nil: undefined, freq: 4 }),
  far: fc.option(app, { nil: undefined, freq: 3 }),
  spread: fc.boolean(),
}).map(({ app, cpu, port, zone, near, far, spread }): PodOptions => {
  const rule = (app?: string) =>
    app && {
        requiredDuringSchedulingIgnoredDuringExecution: [{
          labelSelector: { matchLabels: { app } },
          topologyKey: "zone",
        }],
      } || undefined;
  const constraint = {
    maxSkew: 1,
    topologyKey: "zone",
    whenUnsatisfiable: "DoNotSchedule" as const,
    labelSelector: { matchLabels: { app } },
  };
  return {
    labels: { app },
    spec: {
      containers: [{
        name: "c",
        image: "i",
        resources: { requests: { cpu } },
        ports: port === undefined ? [] : [{ hostPort: port, containerPort: 1 }],
      }],
      ...(zone && { nodeSelector: { zone } }),
      affinity: { podAffinity: rule(near), podAntiAffinity: rule(far) },
      ...(spread && { topologySpreadConstraints: [constraint] }),
    },
  };
});
const nodeOptions = fc.record({ zone: fc.constantFrom("a", "b"), tainted: fc.boolean(), cordoned: fc.boolean() }).map((
  { zone, tainted, cordoned },
) => ({
  labels: { zone },
  spec: {
    unschedulable: cordoned,
    taints: tainted ? [{ key: "t", value: "", effect: "NoSchedule" as const }] : [],
  },
}));
const names = ["n0", "n1", "n2"];
const change = fc.oneof(
  fc.record({ does: fc.constant("node" as const), name: fc.constantFrom(...names, "n3"), options: nodeOptions }),
  fc.record({ does: fc.constant("go" as const), which: fc.nat(5) }),
  fc.record({ does: fc.constant("come" as const), options: podOptions, on: fc.constantFrom(...names) }),
);

type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

/** Changes the cluster as the watch would tell; nothing where there is nothing to change. */
function apply(cluster: Cluster, event: Change, count: number): Happening | undefined {
  if (event.does === "node") {
    const type = cluster.node(event.name) ? "nodeChanged" : "nodeAdded";
    cluster.setNode(node(event.name, event.options));
    return { type, node: { name: event.name } };
  }
  if (event.does === "come") {
    const pod = facts(`newcomer${count}`, event.options);
    cluster.place(pod, event.on);
    return { type: "podPlaced", pod };
  }
  const pod = cluster.podOf(`uid-r${event.which}`);
  if (!pod) return undefined;
  cluster.remove(pod.uid);
  return { type: "podGone", pod };
}

Deno.test("whatever makes room for a pod that waits wakes it up", () => {
  let woken = 0;
  fc.assert(
    fc.property(
      podOptions,
      fc.tuple(nodeOptions, nodeOptions, nodeOptions),
      fc.array(fc.tuple(podOptions, fc.constantFrom(...names)), { maxLength: 6 }),
      fc.array(change, { minLength: 4, maxLength: 12 }),
      (wanted, nodes, running, changes) => {
        const cluster = clusterOf(...nodes.map((options, at) => node(names[at]!, options)));
        running.forEach(([options, on], at) => cluster.place(facts(`r${at}`, options), on));
        if (place("p", wanted, cluster).type !== "refused") return;
        for (const [count, event] of changes.entries()) {
          const room = waiting(wanted, cluster);
          const happening = apply(cluster, event, count);
          if (!happening || place("p", wanted, cluster).type === "refused") continue;
          assert.equal(room.helped(happening, cluster, 0).length, 1, JSON.stringify(happening));
          woken++;
          return;
        }
      },
    ),
    { numRuns: 3000, seed: 7 },
  );
  assert.ok(woken > 100, `only ${woken} were woken`);
});

Deno.test("what cannot have helped a pod leaves it in peace", () => {
  const cluster = clusterOf(node("n1", { labels: { zone: "a" } }));
  const picky = waiting({ spec: { nodeSelector: { zone: "b" } } }, cluster);
  const gone: Happening = { type: "podGone", pod: facts("other") };
  assert.deepEqual(picky.helped(gone, cluster, 0), []);
  cluster.setNode(node("n2", { labels: { zone: "c" } }));
  assert.deepEqual(picky.helped({ type: "nodeAdded", node: { name: "n2" } }, cluster, 0), []);
  cluster.setNode(node("n2", { labels: { zone: "b" } }));
  assert.equal(picky.helped({ type: "nodeChanged", node: { name: "n2" } }, cluster, 0).length, 1);
  const large = waiting({ requests: { cpu: "64" } }, cluster);
  assert.deepEqual(large.helped({ type: "nodeChanged", node: { name: "n1" } }, cluster, 0), []);
  assert.deepEqual(large.helped({ type: "volumeChanged" }, cluster, 0), []);
});

Deno.test("a pod is tried again soon once, then after twice as long each time, up to ten seconds", () => {
  const cluster = clusterOf(node("n1"));
  const room = new WaitingRoom(backOff);
  const pod = facts("p");
  const pauses = Array.from({ length: 6 }, () => {
    room.enter(pod, new Set(), 0);
    return room.helped({ type: "nodeAdded", node: { name: "n1" } }, cluster, 0)[0]!.afterMs;
  });
  assert.deepEqual(pauses, [50, 2000, 4000, 8000, 10_000, 10_000]);
  assert.equal(room.pauseMs("default/p", 4000), 6000);
  room.leave("default/p");
  assert.equal(room.size, 0);
});
