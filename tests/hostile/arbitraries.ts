/** Objects of every built-in kind, mostly of the right shape and always wrong somewhere: what fuzzers of types produce. */
import fc, { type Arbitrary } from "fast-check";
import type { FieldNode, Json, Resource, ScalarNode, TypeNode } from "../../runtime/schema/mod.ts";
import { apiVersionOf } from "../../runtime/schema/mod.ts";

const words = fc.constantFrom(
  "a",
  "web",
  "default",
  "",
  "-",
  "A_b",
  "x".repeat(300),
  "..",
  "a/b",
  "10.0.0.1",
  "é\u0000",
  "0",
  "TCP",
);

export const anything: Arbitrary<Json> = fc.oneof(
  { maxDepth: 3 },
  words,
  fc.integer(),
  fc.constantFrom(null, true, false, -1, 1e300, 0.5, 9007199254740993, [], {}),
  fc.array(words, { maxLength: 3 }) as Arbitrary<Json>,
  fc.dictionary(words, words, { maxKeys: 3 }) as Arbitrary<Json>,
);

const scalars: Record<ScalarNode["type"], Arbitrary<Json>> = {
  string: words,
  boolean: fc.boolean(),
  int32: fc.constantFrom(0, 1, 80, -1, 65536, 2 ** 31),
  int64: fc.constantFrom(0, 1, 3600, -1, Number.MAX_SAFE_INTEGER),
  double: fc.constantFrom(0, 0.5, -1e9),
  bytes: fc.constantFrom("", "YQ==", "no base64!"),
  quantity: fc.constantFrom("1", "100m", "1Gi", "-1", "1e30", "5kk", ""),
  intOrString: fc.constantFrom(0, 1, "25%", "http", "101%", -1),
  time: fc.constantFrom("2030-01-01T00:00:00Z", "yesterday", ""),
  microTime: fc.constantFrom("2030-01-01T00:00:00.000000Z", "now"),
  duration: fc.constantFrom("1s", "1h2m", "-3s", "soon"),
};

/** One value in fifteen is of no type at all. */
function valueOf(type: TypeNode, depth: number): Arbitrary<Json> {
  return fc.oneof({ weight: 14, arbitrary: typedValue(type, depth) }, { weight: 1, arbitrary: anything });
}

function typedValue(type: TypeNode, depth: number): Arbitrary<Json> {
  if (type.type === "any" || depth === 0) return anything;
  if (type.type === "map") {
    return fc.dictionary(words, valueOf(type.values, depth - 1), { maxKeys: 2 }) as Arbitrary<Json>;
  }
  if (type.type === "list") return fc.array(valueOf(type.items, depth - 1), { maxLength: 2 }) as Arbitrary<Json>;
  if (type.type === "struct") return structOf([...type.fields.values()], depth);
  return type.enum ? fc.oneof(fc.constantFrom(...type.enum), words) : scalars[type.type];
}

/** All required fields and up to four others. */
function structOf(fields: readonly FieldNode[], depth: number): Arbitrary<Json> {
  const required = fields.filter(({ required }) => required);
  const optional = fields.filter(({ required }) => !required);
  return fc.subarray(optional, { maxLength: Math.min(4, optional.length) }).chain((chosen) =>
    fc.record(Object.fromEntries([...required, ...chosen].map(({ name, type }) => [name, valueOf(type, depth - 1)])))
  ) as Arbitrary<Json>;
}

export function objectOf(resource: Resource): Arbitrary<Record<string, Json>> {
  const fields = [...resource.type.fields.values()].filter(({ name }) =>
    !["apiVersion", "kind", "metadata"].includes(name)
  );
  const metadata = fc.oneof(
    { weight: 9, arbitrary: fc.constant<Json>({ generateName: "hostile-" }) },
    { weight: 1, arbitrary: valueOf(resource.type.fields.get("metadata")!.type, 3) },
  );
  return fc.tuple(structOf(fields, 6), metadata).map(([rest, metadata]) => ({
    apiVersion: apiVersionOf(resource),
    kind: resource.kind,
    metadata,
    ...rest as object,
  }));
}

/** Bytes with some of them changed, cut off or doubled. */
export function damaged(bytes: Uint8Array): Arbitrary<Uint8Array> {
  const place = fc.integer({ min: 0, max: Math.max(0, bytes.length - 1) });
  const flips = fc.array(fc.tuple(place, fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 });
  return fc.tuple(flips, place, fc.boolean()).map(([changes, end, cut]) => {
    const copy = bytes.slice(0, cut ? end : undefined);
    for (const [at, value] of changes) if (at < copy.length) copy[at] = value;
    return copy;
  });
}
