/**
 * `recorded_openapi.json`: the structure of kube-apiserver v1.36.3's OpenAPI documents, as beginnings of hashes: of what can be
 * asked in each group's version (methods, paths, ids, actions, kinds, answers, media types), and of each definition of both
 * documents, without their words. What isn't there differs in a thing that no client reads (`x-kubernetes-unions`).
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { apiWorld } from "./api_world.ts";

type Value = { readonly [name: string]: Value } | readonly Value[] | string | number | boolean | null;
type Fields = { readonly [name: string]: Value };

interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly produces?: readonly string[];
  readonly responses: { readonly [code: string]: { readonly schema?: Value } };
  readonly [extension: `x-kubernetes-${string}`]: Value;
}

interface Document {
  readonly paths: { readonly [path: string]: { readonly [method: string]: Operation } };
}

export interface Structure {
  readonly operations: Readonly<Record<string, string>>;
  readonly definitions: Readonly<Record<string, string>>;
  readonly schemas: Readonly<Record<string, string>>;
}

function hashOf(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 10);
}

/** Without words, and in an order that says nothing. */
function shape(value: Value): Value {
  if (Array.isArray(value)) return value.map(shape);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value as Fields).filter(([key, inner]) =>
    !(key === "description" && typeof inner === "string")
  );
  return Object.fromEntries(
    entries.sort(([a], [b]) => a < b ? -1 : 1).map(([key, inner]) => [
      key,
      key === "required" && Array.isArray(inner) ? [...inner].sort() : shape(inner),
    ]),
  );
}

export function operationsOf({ paths }: Document): Record<string, string> {
  const lines = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).filter(([method]) => method !== "parameters").map(([method, operation]) => {
      const { operationId, tags, produces, responses } = operation;
      const { "x-kubernetes-action": action, "x-kubernetes-group-version-kind": kind } = operation;
      const answers = Object.entries(responses).map(([code, { schema }]) => [code, schema ?? null]);
      return {
        tag: tags[0]!,
        line: hashOf(
          shape([path, method, operationId, action ?? null, kind ?? null, produces ?? [], answers] as Value),
        ),
      };
    })
  );
  const groups = Map.groupBy(lines, ({ tag }) => tag);
  return Object.fromEntries([...groups].map(([tag, all]) => [tag, hashOf(all.map(({ line }) => line).sort())]));
}

export function schemasOf(definitions: Fields): Record<string, string> {
  return Object.fromEntries(Object.entries(definitions).map(([name, schema]) => [name, hashOf(shape(schema))]));
}

function picked(told: Readonly<Record<string, string>>, names: object): Record<string, string | undefined> {
  return Object.fromEntries(Object.keys(names).map((name) => [name, told[name]]));
}

async function recorded(): Promise<Structure> {
  return JSON.parse(await Deno.readTextFile(new URL("recorded_openapi.json", import.meta.url)));
}

Deno.test("OpenAPI v2 has kube-apiserver 1.36.3's operations and definitions", async () => {
  await using world = await apiWorld();
  const { body } = await world.call("GET", "/openapi/v2");
  const { operations, definitions } = await recorded();
  assert.deepEqual(picked(operationsOf(body), operations), operations);
  assert.deepEqual(picked(schemasOf(body.definitions), definitions), definitions);
});

Deno.test("OpenAPI v3 has kube-apiserver 1.36.3's schemas, defaults included", async () => {
  await using world = await apiWorld();
  const told: Record<string, string> = {};
  for (const path of Object.keys((await world.call("GET", "/openapi/v3")).body.paths)) {
    Object.assign(told, schemasOf((await world.call("GET", `/openapi/v3/${path}`)).body.components?.schemas ?? {}));
  }
  const { schemas } = await recorded();
  assert.deepEqual(picked(told, schemas), schemas);
});
