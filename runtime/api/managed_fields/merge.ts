/**
 * The typed merge of server-side apply: what is applied wins, what it does not name stays. Lists with identities are merged
 * item by item, everything else that is a leaf is replaced. Untouched parts are shared with the live object.
 */
import { compareQuantities, type Json, type ListNode, type TypeNode } from "../../schema/mod.ts";
import { childOf, type Fields, itemElement, itemsOf, shapeOf } from "./shape.ts";

export function mergeApplied(type: TypeNode, live: Json | undefined, applied: Json): Json {
  const shape = shapeOf(type, applied);
  if (shape === "leaf") return live !== undefined && sameLeaf(type, live, applied) ? live : applied;
  const present = shape === shapeOf(type, live) ? live : undefined;
  if (shape === "fields") return mergeFields(type, present as Fields | undefined, applied as Fields);
  return mergeItems(type as ListNode, present as Json[] | undefined, applied as Json[]);
}

/** `0.5` and `500m` are one value: what is stored in canonical form must not change with each apply. */
function sameLeaf(type: TypeNode, live: Json, applied: Json): boolean {
  if (type.type !== "quantity" || live === applied) return live === applied;
  try {
    return compareQuantities(live as string, applied as string) === 0;
  } catch {
    return false;
  }
}

/** An applied null takes the field away, unless null is one of its values. */
function mergeFields(type: TypeNode, live: Fields | undefined, applied: Fields): Fields {
  const merged = new Map(live ? Object.entries(live) : []);
  for (const name in applied) {
    const value = applied[name]!;
    const child = childOf(type, name);
    if (value === null && !child.nullable) merged.delete(name);
    else merged.set(name, mergeApplied(child.type, merged.get(name), value));
  }
  return Object.fromEntries(merged);
}

/**
 * Both orders are kept where they agree, live items before applied ones. Where they don't, what is applied is right: a live
 * item whose turn among the applied ones has not come yet is left out until it has.
 */
function mergeItems(type: ListNode, live: Json[] | undefined, applied: Json[]): Json[] {
  const present = itemsOf(type, live ?? []);
  const before = (live ?? []).map((item) => ({ item, element: itemElement(type, item) }));
  const after = applied.map((item) => ({ item, element: itemElement(type, item) }));
  const given = new Set(after.map(({ element }) => element));
  const shared = after.filter(({ element }) => present.byElement.has(element));
  const merged: Json[] = [];
  let [next, turn] = [0, 0];
  const passLive = () => {
    for (; next < before.length && before[next]!.element !== shared[turn]?.element; next++) {
      if (!given.has(before[next]!.element)) merged.push(before[next]!.item);
    }
  };
  for (const { item, element } of after) {
    passLive();
    const isShared = present.byElement.has(element);
    const twin = present.duplicated.has(element) ? undefined : present.byElement.get(element);
    merged.push(mergeApplied(type.items, twin, item));
    if (!isShared) continue;
    if (before[next]?.element === element) next++;
    turn++;
  }
  passLive();
  return merged;
}
