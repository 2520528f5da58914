/**
 * What an apply configuration may not name: a list, map or struct that is one value, so that naming an item would replace
 * all others. Pure.
 */
import type { Json, TypeNode } from "../../../schema/mod.ts";
import { childOf, type Fields, itemElement, shapeOf } from "../../managed_fields/shape.ts";

/** Their places: `.spec.tolerations`. */
export function* atomicParts(type: TypeNode, value: Json, place = ""): Generator<string> {
  const shape = shapeOf(type, value);
  if (shape === "leaf") {
    if (typeof value === "object" && value !== null) yield place;
  } else if (shape === "fields") {
    for (const [name, inner] of Object.entries(value as Fields)) {
      yield* atomicParts(childOf(type, name).type, inner, `${place}.${name}`);
    }
  } else if (type.type === "list") {
    for (const item of value as Json[]) yield* atomicParts(type.items, item, `${place}[${itemElement(type, item)}]`);
  }
}
