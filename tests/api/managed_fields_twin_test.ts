import assert from "node:assert/strict";
import fc from "fast-check";
import { applyObject, trackUpdate } from "../../runtime/api/managed_fields/mod.ts";
import { type Json, type KubeObject, type Resource, StatusError } from "../../runtime/schema/mod.ts";
import { deployment } from "./patch_sample_types.ts";

/**
 * The naive twin knows an object as a flat map from path to value and a manager as a set of paths; every rule of
 * server-side apply is a line of set arithmetic there.
 */
type Paths = Map<string, string>;

interface Twin {
  object: Paths;
  owners: Map<string, Set<string>>;
}

interface Wish {
  labels: Record<string, string>;
  containers: { name: string; image?: string }[];
}

interface Act {
  type: "apply" | "update";
  manager: string;
  force: boolean;
  wish: Wish;
}

function flat({ labels, containers }: Wish): Paths {
  const paths: Paths = new Map(Object.entries(labels).map(([label, value]) => [`labels/${label}`, value]));
  for (const { name, image } of containers) {
    paths.set(`c/${name}`, "").set(`c/${name}/name`, name);
    if (image !== undefined) paths.set(`c/${name}/image`, image);
  }
  return paths;
}

function step(twin: Twin, { type, manager, force, wish }: Act): Twin | "conflict" {
  const key = `${type} ${manager}`;
  const wanted = flat(wish);
  const others = [...twin.owners].filter(([other]) => other !== key);
  const own = twin.owners.get(key) ?? new Set<string>();
  let object = wanted;
  if (type === "apply") {
    object = new Map([...twin.object, ...wanted]);
    const abandoned = [...own].filter((path) => !wanted.has(path) && !others.some(([, paths]) => paths.has(path)));
    for (const path of object.keys()) {
      const isGone = (gone: string) => path === gone || (gone.startsWith("c/") && path.startsWith(`${gone}/`));
      if (abandoned.some(isGone)) object.delete(path);
    }
  }
  const changed = [...object.keys()].filter((path) => twin.object.get(path) !== object.get(path));
  const conflict = others.some(([, paths]) => changed.some((path) => paths.has(path)));
  if (type === "apply" && conflict && !force) return "conflict";
  const owners = new Map(others.map(([other, paths]) => {
    return [other, new Set([...paths].filter((path) => object.has(path) && !changed.includes(path)))];
  }));
  const kept = type === "apply" ? wanted.keys() : [...own].filter((path) => object.has(path)).concat(changed);
  owners.set(key, new Set(kept));
  return { object, owners: new Map([...owners].filter(([, paths]) => paths.size > 0)) };
}

const resource: Resource = {
  ...{ group: "apps", version: "v1", kind: "Deployment", listKind: "DeploymentList", plural: "deployments" },
  ...{ singular: "deployment", namespaced: true, shortNames: [], categories: [], verbs: [], subresources: [] },
  ...{ type: deployment, hasStatus: true, storagePrefix: "/registry/deployments", storageVersion: "apps/v1" },
  selectableFields: new Map(),
};

function objectOf({ labels, containers }: Wish): KubeObject {
  const object: KubeObject = { metadata: { name: "x" } };
  if (Object.keys(labels).length > 0) object.metadata!.labels = { ...labels };
  if (containers.length > 0) object.spec = { template: { spec: { containers: structuredClone(containers) } } };
  return object;
}

function write(live: KubeObject | undefined, { type, manager, force, wish }: Act): KubeObject | "conflict" {
  const request = { live, resource, manager, subresource: "", now: "2026-01-01T00:00:00Z" };
  try {
    if (type === "apply") return applyObject({ ...request, applied: objectOf(wish), force });
    const updated = objectOf(wish);
    return { ...updated, metadata: { ...updated.metadata, managedFields: trackUpdate({ ...request, updated }) } };
  } catch (error) {
    if (error instanceof StatusError && error.reason === "Conflict") return "conflict";
    throw error;
  }
}

function wishOf(object: KubeObject): Wish {
  const spec = object.spec as { template?: { spec?: { containers?: Wish["containers"] } } } | undefined;
  return { labels: object.metadata?.labels ?? {}, containers: spec?.template?.spec?.containers ?? [] };
}

function* memberPaths(set: { [element: string]: Json }, at: string): Generator<string> {
  const names: Record<string, string> = { "f:metadata": "", "f:spec": "", "f:template": "", "f:containers": "c" };
  const keys = Object.keys(set);
  if (keys.length === 0 || keys.includes(".")) yield at;
  for (const element of keys.filter((key) => key !== ".")) {
    const text = element.startsWith("k:") ? JSON.parse(element.slice(2)).name as string : element.slice(2);
    const here = at.includes("/") || at === "labels" || at === "c" ? text : names[element] ?? text;
    yield* memberPaths(set[element] as { [element: string]: Json }, [at, here].filter((part) => part !== "").join("/"));
  }
}

function ownersOf(object: KubeObject): Map<string, Set<string>> {
  const owners = new Map<string, Set<string>>();
  for (const { operation, manager, fieldsV1 = {} } of object.metadata?.managedFields ?? []) {
    const paths = [...memberPaths(fieldsV1, "")].filter((path) => path.includes("/"));
    if (paths.length > 0) owners.set(`${operation?.toLowerCase()} ${manager}`, new Set(paths));
  }
  return owners;
}

const letter = fc.constantFrom("a", "b", "c");
const wishes: fc.Arbitrary<Wish> = fc.record({
  labels: fc.dictionary(letter, fc.constantFrom("1", "2")),
  containers: fc.uniqueArray(
    fc.record({ name: letter, image: fc.constantFrom("1", "2") }, { requiredKeys: ["name"] }),
    { selector: ({ name }) => name },
  ),
});
const acts = fc.array(
  fc.record<Act>({
    type: fc.constantFrom("apply", "apply", "update"),
    manager: fc.constantFrom("m", "n"),
    force: fc.boolean(),
    wish: wishes,
  }),
  { minLength: 1, maxLength: 7 },
);

Deno.test("server-side apply agrees with a naive twin on values, owners and conflicts", () => {
  fc.assert(
    fc.property(acts, (sequence) => {
      let twin: Twin = { object: new Map(), owners: new Map() };
      let live: KubeObject | undefined;
      for (const act of sequence) {
        // An object that nobody owns is tracked no more: another test's.
        if (live && !live.metadata?.managedFields?.length) break;
        const expected = step(twin, act);
        const actual = write(live, act);
        if (expected === "conflict" || actual === "conflict") {
          assert.equal(actual, expected);
          continue;
        }
        [twin, live] = [expected, actual];
        assert.deepEqual(new Map([...flat(wishOf(live))].sort()), new Map([...twin.object].sort()));
        assert.deepEqual(ownersOf(live), twin.owners);
      }
    }),
    { seed: 21, numRuns: 1500 },
  );
});
