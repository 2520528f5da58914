import assert from "node:assert/strict";
import fc from "fast-check";
import {
  bytes,
  flag,
  integer,
  integers,
  list,
  message,
  nested,
  pairs,
  text,
  texts,
} from "../../runtime/schema/codec/proto_message.ts";

const inner = message({ name: text(1), on: flag(2) });
const outer = message({
  name: text(1),
  raw: bytes(2),
  size: integer(3),
  names: texts(4),
  modes: integers(5),
  labels: pairs(6),
  one: nested(7, inner),
  many: list(20, inner),
});

const anyInner = fc.record({ name: fc.string(), on: fc.boolean() }, { noNullPrototype: true });

Deno.test("a message reads as it was written, and with its empty values where nothing was", () => {
  const any = fc.record({
    name: fc.string(),
    raw: fc.uint8Array(),
    size: fc.integer(),
    names: fc.array(fc.string()),
    modes: fc.array(fc.nat()),
    labels: fc.dictionary(fc.string().filter((key) => key !== "__proto__"), fc.string(), { noNullPrototype: true }),
    one: fc.option(anyInner, { nil: undefined }),
    many: fc.array(anyInner),
  });
  fc.assert(fc.property(any, (value) => {
    const read = outer.decode(outer.encode(value));
    assert.deepEqual({ ...read, raw: [...read.raw] }, { ...value, raw: [...value.raw] });
  }));
  assert.equal(outer.encode({}).length, 0);
});

Deno.test("fields that are not known are passed over, and what is cut short is refused", () => {
  const written = outer.encode({ name: "a", size: 300, modes: [1, 2] });
  assert.equal(inner.decode(outer.encode({ name: "a", many: [{ name: "b", on: true }] })).name, "a");
  assert.throws(() => outer.decode(written.subarray(0, written.length - 1)), RangeError);
  // One by one instead of packed, as old writers do.
  assert.deepEqual(outer.decode(Uint8Array.of(0x28, 3, 0x28, 4)).modes, [3, 4]);
});
