import assert from "node:assert/strict";
import {
  installedDescriptions,
  openApiV2Part,
  openApiV2Protobuf,
  openApiV3,
  openApiV3Index,
} from "../../runtime/api/openapi/mod.ts";
import { builtinResources, type Json, type Resource } from "../../runtime/schema/mod.ts";
import { concat } from "../../runtime/api/http/json_bytes.ts";
import { Documents } from "../../runtime/api/http/documents.ts";
import { OpenApiV2Document } from "../../runtime/api/http/openapi_v2_document.ts";
import { resourceRegistry } from "../../runtime/api/resource_registry.ts";
import { apiWorld } from "./api_world.ts";
import { map, struct, text } from "./patch_sample_types.ts";

type Node = { [key: string]: Json };
const silent = () => undefined;
const describe = installedDescriptions();

const widget: Resource = {
  ...{ group: "example.com", version: "v1", kind: "Widget", listKind: "WidgetList", plural: "widgets" },
  ...{ singular: "widget", namespaced: true, shortNames: [], categories: [], subresources: [], hasStatus: false },
  ...{ verbs: ["get", "list", "create", "patch"], type: struct(""), storagePrefix: "/registry/example.com/widgets" },
  ...{ storageVersion: "example.com/v1", selectableFields: new Map() },
  openApi: {
    description: "Widget turns.",
    type: "object",
    properties: {
      spec: {
        type: "object",
        properties: {
          oneOf: { type: "string", description: "a field with a keyword's name" },
          size: { type: "integer", nullable: true },
          port: { "x-kubernetes-int-or-string": true, anyOf: [{ type: "integer" }, { type: "string" }] },
        },
      },
    },
  },
};

function at(value: unknown, ...path: string[]): Json {
  return path.reduce((node, key) => (node as Node)?.[key] ?? null, value as Json);
}

function* references(node: Json): Generator<string> {
  if (node === null || typeof node !== "object") return;
  for (const [key, value] of Object.entries(node)) {
    if (key === "$ref" && typeof value === "string") yield value;
    else yield* references(value);
  }
}

Deno.test("every reference of every document leads somewhere", () => {
  const rows = [...builtinResources, widget];
  const v2 = openApiV2Part(rows, silent);
  const known = new Set(Object.keys(v2.definitions).map((name) => `#/definitions/${name}`));
  for (const ref of references(v2 as unknown as Json)) assert.ok(known.has(ref), ref);
  for (const path of Object.keys(at(openApiV3Index(rows), "paths") as Node)) {
    const document = openApiV3(path, rows, silent);
    const schemas = Object.keys(at(document, "components", "schemas") as Node);
    const defined = new Set(schemas.map((name) => `#/components/schemas/${name}`));
    for (const ref of references(document!)) assert.ok(defined.has(ref), `${path}: ${ref}`);
  }
});

Deno.test("a pod is described in the package's words, with what patches and applies need", () => {
  const document = openApiV3("api/v1", builtinResources, describe);
  const schemas = at(document, "components", "schemas");
  const pod = at(schemas, "io.k8s.api.core.v1.Pod");
  assert.deepEqual(at(pod, "x-kubernetes-group-version-kind"), [{ group: "", kind: "Pod", version: "v1" }]);
  assert.match(String(at(pod, "description")), /^Pod is a collection of containers/);
  const spec = at(schemas, "io.k8s.api.core.v1.PodSpec");
  assert.deepEqual(at(spec, "required"), ["containers"]);
  const containers = at(spec, "properties", "containers") as Node;
  assert.match(String(containers.description), /^List of containers belonging to the pod/);
  assert.deepEqual(
    [containers["x-kubernetes-patch-merge-key"], containers["x-kubernetes-patch-strategy"]],
    ["name", "merge"],
  );
  const ports = at(schemas, "io.k8s.api.core.v1.Container", "properties", "ports") as Node;
  assert.deepEqual(ports["x-kubernetes-list-map-keys"], ["containerPort", "protocol"]);
  const patch = at(document, "paths", "/api/v1/namespaces/{namespace}/pods/{name}", "patch") as Node;
  assert.deepEqual(patch["x-kubernetes-group-version-kind"], { group: "", version: "v1", kind: "Pod" });
  const parameters = (patch.parameters as Node[]).map(({ name }) => name);
  assert.ok(parameters.includes("fieldValidation") && parameters.includes("dryRun"));
  assert.equal(patch.operationId, "patchCoreV1NamespacedPod");
});

Deno.test("the index changes its hashes when, and only when, a schema changes", () => {
  const hashes = (rows: readonly Resource[]) => JSON.stringify(openApiV3Index(rows));
  const before = hashes([...builtinResources, widget]);
  assert.equal(hashes([...builtinResources, { ...widget }]), before);
  assert.notEqual(hashes([...builtinResources, { ...widget, openApi: { type: "object" } }]), before);
  assert.match(before, /"\/openapi\/v3\/apis\/example.com\/v1\?hash=[0-9A-F]{128}"/);
  assert.equal(openApiV3("apis/none/v1", builtinResources, silent), undefined);
});

Deno.test("a custom resource shows its author's schema in v3, and in v2 without what v2 does not know", () => {
  const v3 = at(openApiV3("apis/example.com/v1", [widget], silent), "components", "schemas", "com.example.v1.Widget");
  assert.equal(at(v3, "properties", "spec", "properties", "size", "nullable"), true);
  assert.deepEqual(at(v3, "properties", "metadata", "allOf"), [
    { $ref: "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta" },
  ]);
  const spec = at(
    openApiV2Part([widget], silent),
    "definitions",
    "com.example.v1.Widget",
    "properties",
    "spec",
    "properties",
  );
  assert.deepEqual(spec, {
    oneOf: { type: "string", description: "a field with a keyword's name" },
    ...{ size: {}, port: {} },
  });
  const { openApi: _, ...unwritten } = { ...widget, type: struct("", { ...field("spec"), type: map(text) }) };
  const derived = at(openApiV2Part([unwritten], silent), "definitions", "com.example.v1.Widget", "properties", "spec");
  assert.deepEqual(derived, { type: "object", additionalProperties: { type: "string" } });
});

function field(name: string) {
  return { name, type: text, required: false, nullable: false, patchStrategy: [], pointer: false };
}

Deno.test("the protobuf form of v2 is made of well-formed messages that carry every definition", () => {
  const v2 = openApiV2Part(builtinResources, silent);
  const bytes = concat(openApiV2Protobuf.join([openApiV2Protobuf.encode(v2)]));
  const fields = readFields(bytes);
  const definitions = readFields(fields.find(({ number }) => number === 9)!.bytes);
  const names = definitions.map(({ bytes }) => new TextDecoder().decode(readFields(bytes)[0]!.bytes));
  assert.deepEqual(names, Object.keys(v2.definitions));
  const paths = readFields(fields.find(({ number }) => number === 8)!.bytes);
  assert.equal(paths.length, Object.keys(v2.paths).length);
});

Deno.test("the parts of v2 join to the document of everything, in both forms, and a changed kind shows at once", async () => {
  const registry = resourceRegistry(builtinResources);
  registry.put([widget]);
  const gadget: Resource = { ...widget, kind: "Gadget", listKind: "GadgetList", plural: "gadgets" };
  registry.put([gadget]);
  const remote = { paths: { "/apis/other/v1/x": {} }, definitions: { "other.X": { type: "object" } } } as const;
  const document = new OpenApiV2Document({
    documents: new Documents(registry),
    describe: silent,
    remote: () => new Map([[remote, remote]]),
  });
  const asked = async (headers: HeadersInit = {}) =>
    await document.answer(new Request("https://api/openapi/v2", { headers }));
  const response = await asked();
  const whole = openApiV2Part(registry.all(), silent);
  const { paths, definitions, swagger } = await response.json();
  assert.equal(swagger, "2.0");
  assert.deepEqual(paths, { ...whole.paths, ...remote.paths });
  assert.deepEqual(definitions, { ...whole.definitions, ...remote.definitions });
  const tag = response.headers.get("etag")!;
  assert.equal((await asked({ "if-none-match": tag })).status, 304);
  const accept = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
  const bytes = new Uint8Array(await (await asked({ accept })).arrayBuffer());
  const fields = readFields(bytes);
  assert.equal(readFields(fields.find(({ number }) => number === 8)!.bytes).length, Object.keys(paths).length);
  assert.equal(readFields(fields.find(({ number }) => number === 9)!.bytes).length, Object.keys(definitions).length);
  registry.put([{ ...gadget, openApi: { type: "object", description: "Gadget ticks." } }]);
  const changed = await asked({ "if-none-match": tag });
  assert.equal((await changed.json()).definitions["com.example.v1.Gadget"].description, "Gadget ticks.");
  registry.remove([gadget]);
  assert.equal((await (await asked()).json()).definitions["com.example.v1.Gadget"], undefined);
});

/** Length-delimited fields of one message. */
function readFields(bytes: Uint8Array): { number: number; bytes: Uint8Array }[] {
  const fields: { number: number; bytes: Uint8Array }[] = [];
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 0;; shift += 7) {
      const byte = bytes[at++]!;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    assert.equal(tag & 7, 2);
    const length = varint();
    fields.push({ number: tag >> 3, bytes: bytes.subarray(at, at += length) });
  }
  assert.equal(at, bytes.length);
  return fields;
}

Deno.test("v3 comes as protobuf too, under a tag of its own", async () => {
  await using world = await apiWorld();
  const accept = "application/com.github.proto-openapi.spec.v3@v1.0+protobuf";
  const get = (headers: Record<string, string>) =>
    world.api.fetch(new Request("https://api/openapi/v3/apis/apps/v1", { headers }));
  const [binary, json] = [await get({ accept }), await get({})];
  assert.equal(binary.headers.get("content-type"), "application/com.github.proto-openapi.spec.v3.v1.0+protobuf");
  assert.notEqual(binary.headers.get("etag"), json.headers.get("etag"));
  const text = new TextDecoder().decode(await binary.arrayBuffer());
  for (const name of Object.keys((await json.json()).components.schemas)) assert.ok(text.includes(name), name);
  assert.equal((await get({ accept, "if-none-match": binary.headers.get("etag")! })).status, 304);
});
