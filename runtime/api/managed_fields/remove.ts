/**
 * What goes when a manager applies less than before: the fields that it owned and that now nobody does.
 *
 * A struct's field counts as owned when anything below it is, so that a struct goes with its last owner, together with
 * what was defaulted into it; an item of a list goes when nobody owns its identity.
 */
import type { Json, ListNode, TypeNode } from "../../schema/mod.ts";
import { difference, type Draft, type FieldSet, isMember, LEAF, union } from "./field_set.ts";
import { childOf, type Fields, itemElement, shapeOf } from "./shape.ts";

export function removeAbandoned(
  type: TypeNode,
  object: Fields,
  last: FieldSet | undefined,
  owned: readonly (FieldSet | undefined)[],
): Fields {
  if (!last) return object;
  const kept = owned.reduce((all, fields) => union(all, fields), undefined);
  const abandoned = difference(withHolders(type, last), kept && withHolders(type, kept));
  return abandoned ? removeFields(type, object, abandoned) : object;
}

/** The same set, with the named fields that lead to its members. Keys of maps and items of lists are not names. */
function withHolders(type: TypeNode, set: FieldSet): FieldSet {
  const result: Draft = isMember(set) ? { ".": LEAF } : {};
  for (const element in set) {
    if (element === ".") continue;
    const below = withHolders(typeBelow(type, element), set[element]!);
    const named = type.type === "struct" && element.startsWith("f:");
    result[element] = named && !isMember(below) ? { ".": LEAF, ...below } : below;
  }
  return result;
}

function typeBelow(type: TypeNode, element: string): TypeNode {
  return type.type === "list" ? type.items : childOf(type, element.slice(2)).type;
}

function removeFields(type: TypeNode, fields: Fields, abandoned: FieldSet): Fields {
  const left: Fields = {};
  for (const name in fields) {
    const child = childOf(type, name);
    const set = abandoned[child.element];
    if (!set) left[name] = fields[name]!;
    else if (!isMember(set)) left[name] = removeBelow(child.type, fields[name]!, set);
  }
  return left;
}

function removeBelow(type: TypeNode, value: Json, abandoned: FieldSet): Json {
  switch (shapeOf(type, value)) {
    case "leaf":
      return value;
    case "fields":
      return removeFields(type, value as Fields, abandoned);
    case "items":
      return removeItems(type as ListNode, value as Json[], abandoned);
  }
}

function removeItems(type: ListNode, list: Json[], abandoned: FieldSet): Json[] {
  return list.flatMap((item) => {
    const set = abandoned[itemElement(type, item)];
    if (!set) return [item];
    return isMember(set) ? [] : [removeBelow(type.items, item, set)];
  });
}
