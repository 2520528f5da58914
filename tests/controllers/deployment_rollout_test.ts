import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type Bounds,
  boundsOf,
  newSetReplicas,
  oldSetScales,
  proportionalScales,
  resolveCount,
  type SetSize,
} from "../../controllers/deployment/rollout.ts";
import { revisionAnnotation, setAnnotations, type SetObject } from "../../controllers/deployment/revision.ts";
import type { Stored } from "../../runtime/schema/mod.ts";

interface Set extends SetSize {
  wanted: number;
  available: number;
}

/** A cluster in which pods become available, and fail, in any order; the rollout is asked for its step again and again. */
function roll(
  bounds: Bounds,
  sets: { newest: Set; old: Set[] },
  events: readonly number[],
  check: (all: Set[]) => void,
) {
  const { newest, old } = sets;
  const all = [newest, ...old];
  for (const event of events) {
    const set = all[event % all.length]!;
    if (set.available < set.wanted) set.available++;
    step(bounds, newest, old);
    for (const one of all) one.available = Math.min(one.available, one.wanted);
    check(all);
  }
}

function step(bounds: Bounds, newest: Set, old: Set[]): boolean {
  const replicas = newSetReplicas(bounds, newest.wanted, old.reduce((sum, set) => sum + set.wanted, 0));
  if (replicas !== newest.wanted) {
    newest.wanted = replicas;
    return true;
  }
  const scales = oldSetScales(bounds, newest, old);
  for (const { name, replicas } of scales) old.find((set) => set.name === name)!.wanted = replicas;
  return scales.length > 0;
}

const bounds = fc.tuple(fc.integer({ min: 1, max: 30 }), fc.nat(10), fc.nat(10)).map(
  ([replicas, maxSurge, unavailable]) => {
    const maxUnavailable = Math.min(replicas, unavailable);
    return { replicas, maxSurge, maxUnavailable: maxSurge === 0 && maxUnavailable === 0 ? 1 : maxUnavailable };
  },
);

const total = (sets: readonly SetSize[], field: "wanted" | "available") =>
  sets.reduce((sum, set) => sum + set[field], 0);

Deno.test("a rolling update never asks for more than replicas + maxSurge and never makes less than replicas - maxUnavailable available", () => {
  fc.assert(fc.property(bounds, fc.array(fc.nat(100), { maxLength: 300 }), (limits, events) => {
    const { replicas, maxSurge, maxUnavailable } = limits;
    const sets = { newest: named("new", 0), old: [named("old", replicas)] };
    roll(limits, sets, events, (all) => {
      assert.ok(total(all, "wanted") <= replicas + maxSurge, "too many");
      assert.ok(total(all, "available") >= replicas - maxUnavailable, "too few");
    });
  }));
});

function named(name: string, size: number): Set {
  return { name, wanted: size, available: size };
}

Deno.test("a rolling update always ends when pods become available, from any mixture of sets", () => {
  fc.assert(
    fc.property(bounds, fc.array(fc.nat(20), { minLength: 1, maxLength: 4 }), fc.nat(20), (limits, sizes, first) => {
      const newest = { name: "new", wanted: first, available: 0 };
      const old = sizes.map((size, index) => ({ name: `old${index}`, wanted: size, available: 0 }));
      for (let round = 0; round < 500; round++) {
        for (const set of [newest, ...old]) set.available = set.wanted;
        if (!step(limits, newest, old)) break;
      }
      assert.deepEqual([newest.wanted, total(old, "wanted")], [limits.replicas, 0]);
    }),
  );
});

Deno.test("old pods that serve nobody go first, however few are available", () => {
  const scales = oldSetScales({ replicas: 10, maxSurge: 3, maxUnavailable: 2 }, {
    name: "new",
    wanted: 0,
    available: 0,
  }, [
    { name: "oldest", wanted: 5, available: 5 },
    { name: "broken", wanted: 8, available: 0 },
  ]);
  assert.deepEqual(scales, [{ name: "broken", replicas: 3 }]);
});

Deno.test("per cents round up for surge and down for unavailability, and both zero still moves", () => {
  assert.equal(resolveCount("25%", 10, "up"), 3);
  assert.equal(resolveCount("25%", 10, "down"), 2);
  const spec = { replicas: 3, selector: {}, template: {} } as const;
  const rollingUpdate = { maxSurge: 0, maxUnavailable: "10%" };
  assert.deepEqual(boundsOf({ ...spec, strategy: { type: "RollingUpdate", rollingUpdate } } as never), {
    replicas: 3,
    maxSurge: 0,
    maxUnavailable: 1,
  });
});

Deno.test("a scaled Deployment shares the change among its sets in proportion and hands out exactly what is allowed", () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 2, maxLength: 4 });
  fc.assert(fc.property(sizes, fc.nat(100), fc.nat(5), (wanted, replicas, maxSurge) => {
    const before = wanted.reduce((sum, size) => sum + size, 0);
    const sets = [...wanted].sort((a, b) => b - a).map((size, index) => ({
      name: `s${index}`,
      wanted: size,
      available: 0,
      max: before,
    }));
    const scales = proportionalScales({ replicas, maxSurge, maxUnavailable: 1 }, sets);
    assert.equal(scales.reduce((sum, scale) => sum + scale.replicas, 0), replicas === 0 ? 0 : replicas + maxSurge);
    assert.ok(scales.every((scale) => scale.replicas >= 0));
    const grows = replicas > 0 && replicas + maxSurge >= before;
    for (const [index, scale] of scales.entries()) {
      assert.ok(grows ? scale.replicas >= sets[index]!.wanted : scale.replicas <= sets[index]!.wanted);
    }
  }));
});

Deno.test("revisions count in 64 bits, beyond what a number holds", () => {
  const metadata = { name: "web", uid: "u", resourceVersion: "1", creationTimestamp: "" };
  const annotations = { [revisionAnnotation]: "3546343826724305832" };
  const old: SetObject = { apiVersion: "apps/v1", kind: "ReplicaSet", metadata: { ...metadata, annotations } };
  const deployment: Stored<{ apiVersion: "apps/v1"; kind: "Deployment" }> = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata,
  };
  assert.equal(setAnnotations(deployment, { metadata: {} }, [old])[revisionAnnotation], "3546343826724305833");
});
