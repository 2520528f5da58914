/**
 * The order in which a struct's fields go on the wire. Fields of embedded structs stand beside the others in JSON and in a
 * message of their own in protobuf; this puts them back together.
 */
import type { FieldNode, StructNode } from "../type_node.ts";

export type Entry =
  | { readonly number: number; readonly field: FieldNode }
  | { readonly number: number; readonly embedded: readonly Entry[] };

/** By falling number: messages are written from their end. */
export function layoutOf(node: StructNode): readonly Entry[] {
  return entriesOf([...node.fields.values()].filter((field) => field.protoNumber !== undefined), 0);
}

function entriesOf(fields: readonly FieldNode[], depth: number): readonly Entry[] {
  const entries: Entry[] = [];
  const embedded = new Map<number, FieldNode[]>();
  for (const field of fields) {
    const into = field.protoPath?.[depth];
    if (into === undefined) entries.push({ number: field.protoNumber!, field });
    else embedded.set(into, [...embedded.get(into) ?? [], field]);
  }
  for (const [number, inner] of embedded) entries.push({ number, embedded: entriesOf(inner, depth + 1) });
  return entries.sort((a, b) => b.number - a.number);
}
