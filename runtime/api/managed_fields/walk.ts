/** From values to field sets: what an object holds, and what differs between two of them. */
import { type Json, type ListNode, sameJson, type TypeNode } from "../../schema/mod.ts";
import { type Draft, type FieldSet, hasChildren, LEAF, nodeOf } from "./field_set.ts";
import { childOf, type Fields, itemsOf, shapeOf } from "./shape.ts";

/**
 * Paths of a value's leaves and of its list items. With `whole`, everything between is in the set as well: a value that was
 * not there before is owned together with what holds it. A list of items without any says nothing.
 */
export function fieldsOf(type: TypeNode, value: Json, whole: boolean): FieldSet | undefined {
  const shape = shapeOf(type, value);
  if (shape === "leaf") return LEAF;
  if (shape === "items") {
    const items = childrenOfItems(type as ListNode, value as Json[], whole);
    return hasChildren(items) ? items : undefined;
  }
  const children = childrenOfFields(type, value as Fields, whole);
  if (hasChildren(children)) return children;
  return Object.keys(value as Fields).length === 0 ? LEAF : undefined;
}

/** In the order in which sets are stored, so that a new object's set is written down as it is made. */
function childrenOfFields(type: TypeNode, value: Fields, whole: boolean): Draft {
  const children: Draft = whole ? { ".": LEAF } : {};
  for (const name of Object.keys(value).sort()) {
    const field = value[name]!;
    // A null that is merely stored says nothing; a null that is applied is an opinion.
    if (field === null && whole) continue;
    const child = childOf(type, name);
    const fields = child.free ? itemFields(child.type, field, whole) : fieldsOf(child.type, field, whole);
    if (fields) children[child.element] = fields;
  }
  return children;
}

function childrenOfItems(type: ListNode, list: Json[], whole: boolean): Draft {
  const children: Draft = whole ? { ".": LEAF } : {};
  const { byElement, duplicated } = itemsOf(type, list);
  for (const element of [...byElement.keys()].sort()) {
    children[element] = duplicated.has(element) ? LEAF : itemFields(type.items, byElement.get(element)!, whole);
  }
  return children;
}

/** An item is always in the set beside its fields: its identity is what makes it exist. */
function itemFields(type: TypeNode, item: Json, whole: boolean): FieldSet {
  const fields = fieldsOf(type, item, whole) ?? LEAF;
  return whole || fields === LEAF ? fields : { ".": LEAF, ...fields };
}

/**
 * Paths that `after` has and `before` hasn't (`added`), and, with `changed`, those whose value differs too. Paths that went
 * are those added from `after` to `before`.
 */
export function differing(
  type: TypeNode,
  before: Json | undefined,
  after: Json | undefined,
  count: "added" | "changed",
): FieldSet | undefined {
  if (before === after || after === undefined) return undefined;
  if (after === null) return count === "changed" && before !== undefined ? LEAF : undefined;
  if (before === undefined || (before === null && typeof after !== "object")) return fieldsOf(type, after, true);
  const shape = shapeOf(type, after);
  if (shape === "leaf" || shape !== shapeOf(type, before)) {
    return count === "changed" && !sameJson(before, after) ? LEAF : undefined;
  }
  const children = shape === "fields"
    ? differingFields(type, before as Fields, after as Fields, count)
    : differingItems(type as ListNode, before as Json[], after as Json[], count);
  return nodeOf(false, children);
}

function differingFields(type: TypeNode, before: Fields, after: Fields, count: "added" | "changed"): Draft {
  const children: Draft = {};
  for (const name in after) {
    if (before[name] === after[name]) continue;
    const child = childOf(type, name);
    const found = differing(child.type, before[name] ?? child.implied, after[name], count);
    if (found) children[child.element] = found;
  }
  return children;
}

function differingItems(type: ListNode, before: Json[], after: Json[], count: "added" | "changed"): Draft {
  const children: Draft = {};
  const old = itemsOf(type, before);
  const { byElement, duplicated } = itemsOf(type, after);
  for (const [element, item] of byElement) {
    const present = old.byElement.get(element);
    const found = duplicated.has(element) || old.duplicated.has(element)
      ? differingLeaf(present, item, count)
      : differing(type.items, present, item, count);
    if (found) children[element] = found;
  }
  return children;
}

function differingLeaf(before: Json | undefined, after: Json, count: "added" | "changed"): FieldSet | undefined {
  if (before === undefined) return LEAF;
  return count === "changed" && !sameJson(before, after) ? LEAF : undefined;
}
