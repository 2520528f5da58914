import assert from "node:assert/strict";
import fc from "fast-check";
import { applyJsonPatch, applyMergePatch, applyStrategicMergePatch } from "../../runtime/api/patch/mod.ts";
import { type Json, StatusError, type StructNode } from "../../runtime/schema/mod.ts";
import { deployment } from "./patch_sample_types.ts";

const code = (expected: number) => (error: unknown) => error instanceof StatusError && error.code === expected;
const strategic = (document: Json, patch: Json) => applyStrategicMergePatch(document, patch, deployment);
const pod = (spec: Json): Json => ({ spec: { template: { spec } } });

Deno.test("what an object lacks is null to a JSON patch: it may be replaced, and is tested as null", () => {
  const document = { metadata: { labels: { a: "b" } } };
  const replaced = applyJsonPatch(document, [{ op: "replace", path: "/metadata/labels/x~1y", value: "z" }]);
  assert.deepEqual(replaced, { metadata: { labels: { a: "b", "x/y": "z" } } });
  assert.deepEqual(applyJsonPatch(document, [{ op: "test", path: "/metadata/annotations", value: null }]), document);
  for (const op of ["replace", "test"]) {
    assert.throws(() => applyJsonPatch(document, [{ op, path: "/metadata/annotations/x", value: "y" }]), code(422));
  }
});

Deno.test("a JSON patch changes a copy and refuses as a whole", () => {
  const document: Json = { a: [1, 2], b: { c: "x" } };
  const patch: Json = [{ op: "add", path: "/a/-", value: 3 }, { op: "remove", path: "/b/c" }];
  assert.deepEqual(applyJsonPatch(document, patch), { a: [1, 2, 3], b: {} });
  assert.deepEqual(document, { a: [1, 2], b: { c: "x" } });
  assert.throws(() => applyJsonPatch(document, [{ op: "test", path: "/b/c", value: "y" }]), code(422));
  assert.throws(() => applyJsonPatch(document, [{ op: "remove", path: "/none" }]), code(422));
  assert.throws(() => applyJsonPatch(document, [{ op: "add", path: "/none/deep", value: 1 }]), code(422));
  assert.throws(() => applyJsonPatch(document, [{ op: "explode", path: "/a" }]), code(422));
  assert.throws(() => applyJsonPatch(document, { op: "add" }), code(400));
  assert.throws(() => applyJsonPatch(document, [{ op: "replace", path: "", value: 5 }]), code(422));
  assert.throws(() => applyJsonPatch(document, [{ op: "remove", path: "" }]), code(422));
});

Deno.test("a JSON patch cannot cost more than a request may: 10,000 operations, 3 MiB of copies", () => {
  const many = Array.from({ length: 10_001 }, () => ({ op: "test", path: "/a", value: 1 }));
  assert.throws(() => applyJsonPatch({ a: 1 }, many), code(413));
  const doubling = Array.from({ length: 40 }, (_, i) => ({ op: "copy", from: "", path: `/x${i}` }));
  assert.throws(() => applyJsonPatch({ a: "0123456789" }, doubling), code(413));
});

Deno.test("the examples of RFC 7386 come out as the RFC prints them", () => {
  const examples: [Json, Json, Json][] = [
    [{ a: "b" }, { a: "c" }, { a: "c" }],
    [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
    [{ a: "b" }, { a: null }, {}],
    [{ a: ["b"] }, { a: "c" }, { a: "c" }],
    [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
    [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: "b", c: null }, { a: "b" }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ];
  for (const [document, patch, expected] of examples) assert.deepEqual(applyMergePatch(document, patch), expected);
  assert.throws(() => applyMergePatch({}, ["c"]), code(400));
});

Deno.test("a merge patch against a naive twin: deleting and setting each path by itself", () => {
  const json = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json>;
  const naive = (target: Json, patch: Json): Json => {
    if (patch === null || typeof patch !== "object" || Array.isArray(patch)) return patch;
    const base = target !== null && typeof target === "object" && !Array.isArray(target) ? { ...target } : {};
    for (const key of Object.keys(patch)) {
      if (patch[key] === null) delete base[key];
      else base[key] = naive(base[key] ?? null, patch[key]!);
    }
    return base;
  };
  const objects = fc.dictionary(fc.constantFrom("a", "b", "c"), json) as fc.Arbitrary<Json>;
  fc.assert(
    fc.property(objects, objects, (target, patch) => {
      assert.deepEqual(applyMergePatch(target, patch), naive(target, patch));
    }),
    { seed: 7 },
  );
});

Deno.test("lists with a merge key are merged by it, other lists are replaced, scalars with merge are united", () => {
  const live = pod({ containers: [{ name: "a", image: "1", args: ["x"] }, { name: "b", image: "1" }] });
  const patch = pod({ containers: [{ name: "a", image: "2", args: ["y"] }, { name: "c", image: "1" }] });
  assert.deepEqual(
    strategic(live, patch),
    pod({
      containers: [{ name: "a", image: "2", args: ["y"] }, { name: "c", image: "1" }, { name: "b", image: "1" }],
    }),
  );
  const finalizers = strategic({ metadata: { finalizers: ["a", "b"] } }, { metadata: { finalizers: ["b", "c"] } });
  assert.deepEqual(finalizers, { metadata: { finalizers: ["a", "b", "c"] } });
  const patched = strategic(pod({ containers: [{ name: "a" }] }), pod({ containers: [{ name: "new" }] }));
  assert.deepEqual(patched, pod({ containers: [{ name: "new" }, { name: "a" }] }), "what is new comes first");
});

Deno.test("every directive does what its name says and leaves no trace", () => {
  const live = pod({ containers: [{ name: "a" }, { name: "b" }, { name: "c" }], nodeSelector: { x: "1", y: "2" } });
  const containers = (patch: Json) => strategic(live, pod(patch));
  assert.deepEqual(
    containers({ containers: [{ name: "b", $patch: "delete" }] }),
    pod({ containers: [{ name: "a" }, { name: "c" }], nodeSelector: { x: "1", y: "2" } }),
  );
  assert.deepEqual(
    containers({ containers: [{ $patch: "replace" }, { name: "z" }], nodeSelector: { $patch: "replace", z: "3" } }),
    pod({ containers: [{ name: "z" }], nodeSelector: { z: "3" } }),
  );
  assert.deepEqual(
    containers({ nodeSelector: { $retainKeys: ["x"], x: "9" }, containers: null }),
    pod({ nodeSelector: { x: "9" } }),
  );
  assert.deepEqual(
    strategic({ metadata: { finalizers: ["a", "b"] } }, { metadata: { "$deleteFromPrimitiveList/finalizers": ["a"] } }),
    { metadata: { finalizers: ["b"] } },
  );
});

Deno.test("$setElementOrder orders what it names and keeps the others where the live list had them", () => {
  const live = pod({ containers: [{ name: "a" }, { name: "sidecar" }, { name: "b" }] });
  const order = (...names: string[]) => names.map((name) => ({ name }));
  const patched = strategic(
    live,
    pod({ "$setElementOrder/containers": order("b", "new", "a"), containers: [{ name: "new" }] }),
  );
  assert.deepEqual(patched, pod({ containers: order("sidecar", "b", "new", "a") }));
  const contradiction = { "$setElementOrder/containers": order("a", "b"), containers: order("b", "a") };
  assert.throws(() => strategic(live, pod(contradiction)), code(400));
});

Deno.test("two elements with one merge key, such as a port for TCP and UDP, both survive a patch", () => {
  const ports = [{ containerPort: 53, protocol: "TCP" }, { containerPort: 53, protocol: "UDP" }];
  const live = pod({ containers: [{ name: "dns", ports }] });
  assert.deepEqual(strategic({}, live), live);
  const patch = pod({ containers: [{ name: "dns", ports: [{ containerPort: 80 }] }] });
  const expected = pod({ containers: [{ name: "dns", ports: [{ containerPort: 80 }, ...ports] }] });
  assert.deepEqual(strategic(live, patch), expected);
});

Deno.test("contradictory and malformed strategic patches are refused, custom resources with 415", () => {
  const bad: Json[] = [
    { $patch: "explode" },
    pod({ containers: [{ image: "no name" }] }),
    pod({ "$setElementOrder/containers": "a" }),
    { spec: { $retainKeys: "x" } },
    { spec: { $retainKeys: ["a"], b: 1 } },
    "text",
  ];
  for (const patch of bad) assert.throws(() => strategic(pod({ containers: [{ name: "a" }] }), patch), code(400));
  const custom: StructNode = { ...deployment, name: "" };
  assert.throws(() => applyStrategicMergePatch({}, {}, custom), code(415));
});

Deno.test("a strategic patch never changes its input and is idempotent", () => {
  const name = fc.constantFrom("a", "b", "c", "d");
  const container = fc.record({ name, image: fc.option(name, { nil: undefined }) }, { requiredKeys: ["name"] });
  const list = fc.uniqueArray(container, { selector: (c) => c.name });
  const plain = (value: unknown) => JSON.parse(JSON.stringify(value)) as Json;
  fc.assert(
    fc.property(list, list, (live, patch) => {
      const document = plain({ spec: { template: { spec: { containers: live } } } });
      const change = plain({ spec: { template: { spec: { containers: patch } } } });
      const before = structuredClone(document);
      const once = strategic(document, change);
      assert.deepEqual(document, before);
      assert.deepEqual(strategic(once, change), once);
    }),
    { seed: 11 },
  );
});

interface Item {
  name: string;
  image?: string;
  args?: string[];
}

/** The patch that kubectl would make, found naively: every element in full, nulls for what went, and the order. */
function naiveDiff(live: readonly Item[], wanted: readonly Item[]): Json {
  const patched = wanted.map((item) => {
    const before = live.find(({ name }) => name === item.name) ?? {};
    const gone = Object.keys(before).filter((key) => !(key in item)).map((key) => [key, null]);
    return { ...item, ...Object.fromEntries(gone) } as unknown as Json;
  });
  const removed = live.filter(({ name }) => wanted.every((item) => item.name !== name));
  const deletions = removed.map(({ name }): Json => ({ name, $patch: "delete" }));
  const order = wanted.map(({ name }): Json => ({ name }));
  return pod({ "$setElementOrder/containers": order, containers: [...patched, ...deletions] });
}

Deno.test("a naive difference of two lists, applied to the one, gives the other", () => {
  const letter = fc.constantFrom("a", "b", "c", "d", "e");
  const item = fc.record({ name: letter, image: letter, args: fc.array(letter, { maxLength: 2 }) }, {
    requiredKeys: ["name"],
    noNullPrototype: true,
  });
  const items = fc.uniqueArray(item as fc.Arbitrary<Item>, { selector: ({ name }) => name });
  fc.assert(
    fc.property(items, items, (live, wanted) => {
      const patched = strategic(pod({ containers: live as unknown as Json }), naiveDiff(live, wanted));
      assert.deepEqual(patched, pod({ containers: wanted as unknown as Json }));
    }),
    { seed: 5, numRuns: 500 },
  );
});
