/**
 * `recorded_kinds.jsonl`: what kube-apiserver v1.36.3 says of each of its resources, in its order: `at` (path of the group and
 * version), the entry of aggregated discovery, those of the legacy list, the columns of a Table (name, type, format,
 * priority), the field selectors that are known, and how `spec.none=x` is refused.
 */
import assert from "node:assert/strict";
import { type Answer, type ApiWorld, apiWorld } from "./api_world.ts";

interface Fact {
  readonly at: string;
  readonly aggregated: { readonly resource: string };
  readonly legacy: readonly { readonly name: string }[];
  readonly columns?: readonly unknown[];
  readonly selects?: readonly string[];
  readonly refusal?: string;
}

const text = await Deno.readTextFile(new URL("recorded_kinds.jsonl", import.meta.url));
const facts: readonly Fact[] = text.trimEnd().split("\n").map((line) => JSON.parse(line));
const asTable = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" };
const aggregated = { accept: "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList" };

interface Group {
  readonly metadata: { readonly name?: string };
  readonly versions: readonly { readonly version: string; readonly resources: readonly Fact["aggregated"][] }[];
}

async function toldBy(world: ApiWorld, root: string) {
  const { body } = await world.call("GET", root, undefined, aggregated);
  return (body.items as Group[]).flatMap(({ metadata: { name }, versions }) =>
    versions.flatMap(({ version, resources }) => {
      const at = [root, ...name ? [name] : [], version].join("/");
      return resources.map((aggregated) => ({ at, aggregated }));
    })
  );
}

Deno.test("aggregated discovery tells every resource of kube-apiserver 1.36.3 in its words and order", async () => {
  await using world = await apiWorld();
  const told = [...await toldBy(world, "/api"), ...await toldBy(world, "/apis")];
  const metrics = "/apis/metrics.k8s.io/v1beta1"; // an add-on elsewhere, built in here
  assert.deepEqual(
    told.filter(({ at }) => at !== metrics),
    facts.map(({ at, aggregated }) => ({ at, aggregated })),
  );
});

Deno.test("legacy discovery tells every resource of kube-apiserver 1.36.3 in its words and order", async () => {
  await using world = await apiWorld();
  for (const [at, group] of Map.groupBy(facts, ({ at }) => at)) {
    const { body } = await world.call("GET", at);
    for (const resource of body.resources) delete resource.storageVersionHash;
    assert.deepEqual(body.resources, group.flatMap(({ legacy }) => legacy), at);
  }
});

Deno.test("a Table of each kind has kube-apiserver 1.36.3's columns", async () => {
  await using world = await apiWorld();
  for (const { at, aggregated: { resource }, columns } of facts.filter(({ columns }) => columns)) {
    const { body } = await world.call("GET", `${at}/${resource}`, undefined, asTable);
    const told = body.columnDefinitions.map((one: Record<string, unknown>) => [
      ...[one.name, one.type, one.format, one.priority],
    ]);
    assert.deepEqual(told, columns, resource);
  }
});

Deno.test("each kind knows kube-apiserver 1.36.3's field selectors, and refuses others in its words", async () => {
  await using world = await apiWorld();
  const every = new Set(facts.flatMap(({ selects }) => selects ?? []));
  for (const { at, aggregated: { resource }, selects, refusal } of facts.filter(({ selects }) => selects)) {
    const by = (field: string): Promise<Answer> => world.call("GET", `${at}/${resource}?fieldSelector=${field}%3Dx`);
    const known = [];
    for (const field of every) if ((await by(field)).status === 200) known.push(field);
    assert.deepEqual(known.sort(), [...selects!].sort(), resource);
    assert.equal((await by("spec.none")).body.message, refusal, resource);
  }
});
