/** Protobuf, held to bytes that Go's own code wrote (`protobuf_golden.json`: object, its bytes, its JSON by Go). */
import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeProtobuf, encodeProtobuf, watchFrame } from "../../runtime/schema/codec/mod.ts";
import { normalize } from "../../runtime/schema/decode/mod.ts";
import type { KubeObject } from "../../runtime/schema/object.ts";
import { isReason } from "../../runtime/schema/status_error.ts";
import { typeOf } from "../../runtime/schema/builtin/mod.ts";
import golden from "./protobuf_golden.json" with { type: "json" };

interface Golden {
  readonly object: KubeObject;
  readonly hex: string;
  readonly go: KubeObject;
}

const cases = golden as unknown as Golden[];

function typeFor(object: KubeObject) {
  const type = typeOf(object.apiVersion ?? "", object.kind ?? "");
  assert.ok(type, object.kind ?? "no kind");
  return type;
}

Deno.test("objects become the bytes that Go writes", () => {
  for (const { object, hex } of cases) {
    const copy = structuredClone(object);
    normalize(typeFor(copy), copy);
    assert.equal(encodeProtobuf(typeFor(copy), copy).toHex(), hex, object.kind ?? "no kind");
  }
});

/** Go prints `null` where d8s prints nothing. */
function withoutNulls(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (_key, inner) => inner === null ? undefined : inner);
}

Deno.test("Go's bytes become the objects that Go prints", () => {
  for (const { hex, go } of cases.filter(({ object }) => object.kind !== "PodList")) {
    const object = decodeProtobuf(Uint8Array.fromHex(hex));
    normalize(typeFor(object), object);
    assert.deepEqual(object, withoutNulls(go));
  }
});

Deno.test("kinds that have no protobuf form, and bytes that are none, are bad requests", () => {
  const pod = encodeProtobuf(typeOf("v1", "Pod")!, { apiVersion: "example.com/v1", kind: "Widget" });
  for (const bytes of [new Uint8Array(), new TextEncoder().encode("{}"), pod]) {
    assert.throws(() => decodeProtobuf(bytes), { reason: "BadRequest" });
  }
});

Deno.test("law: damaged bytes never do worse than a bad request", () => {
  const hexes = cases.map(({ hex }) => hex);
  fc.assert(fc.property(fc.constantFrom(...hexes), fc.nat(), fc.nat(255), fc.nat(), (hex, at, byte, cut) => {
    const bytes = Uint8Array.fromHex(hex);
    bytes[4 + at % (bytes.length - 4)] = byte;
    try {
      decodeProtobuf(bytes.subarray(0, bytes.length - cut % 3));
    } catch (error) {
      assert.ok(isReason(error, "BadRequest"), String(error));
    }
  }));
});

Deno.test("a watch frame is a length, the event's type and the object's own envelope", () => {
  const frame = watchFrame("ADDED", new Uint8Array([1, 2, 3]));
  assert.equal(frame.toHex(), "0000000e" + "0a054144444544" + "1205" + "0a03010203");
});
