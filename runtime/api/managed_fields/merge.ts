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

/** Applied items keep their order; each item that only the live list has stays before what followed it there. */
function mergeItems(type: ListNode, live: Json[] | undefined, applied: Json[]): Json[] {
  const given = new Set(applied.map((item) => itemElement(type, item)));
  const present = itemsOf(type, live ?? []);
  const order = (live ?? []).map((item) => ({ item, element: itemElement(type, item) }));
  const merged: Json[] = [];
  let next = 0;
  const passLiveUntil = (stop: number) => {
    for (; next < stop; next++) if (!given.has(order[next]!.element)) merged.push(order[next]!.item);
  };
  const places = new Map(order.map(({ element }, index) => [element, index]));
  for (const item of applied) {
    const element = itemElement(type, item);
    const place = places.get(element);
    if (place !== undefined) passLiveUntil(place);
    const twin = place === undefined || present.duplicated.has(element) ? undefined : present.byElement.get(element);
    merged.push(mergeApplied(type.items, twin, item));
  }
  passLiveUntil(order.length);
  return merged;
}
