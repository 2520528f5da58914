/**
 * Lists of a strategic merge patch. Elements are known by their merge key, scalars by themselves; either way they become
 * a list of identities and elements, so that merging, deleting and ordering are written once.
 *
 * A live list may hold one identity twice (port 53 for TCP and UDP): a patch then changes the first and leaves the rest.
 */
import { goText } from "./go_text.ts";
import type { Json, TypeNode } from "../../schema/mod.ts";
import { type Fields, isFields, patchDirective, refused } from "./directives.ts";

export interface ListPatch {
  /** The patch's list; absent when only directives speak of it. */
  readonly value?: Json[];
  readonly order?: Json[];
  readonly deletions?: Json[];
}

export interface ListRules {
  readonly items: TypeNode;
  /** Absent for lists of scalars. */
  readonly mergeKey?: string;
  readonly patchFields: (original: Fields, patch: Fields, type: TypeNode) => Fields;
}

interface Element {
  readonly key: string;
  readonly item: Json;
}

export function patchList(original: Json[] | undefined, patch: ListPatch, rules: ListRules): Json[] | undefined {
  const { value = [], order, deletions = [] } = patch;
  if (value.some((item) => isFields(item) && patchDirective(item) === "replace")) return replacement(value);
  if (original === undefined) return patch.value && fresh(patch.value, rules);
  const live = elements(original, rules);
  const gone = new Set([...deletions, ...value.filter(isDeletion)].map((item) => identity(item, rules)));
  const patched = elements(value.filter((item) => !isDeletion(item)), rules);
  const merged = mergeElements(live.filter(({ key }) => !gone.has(key)), patched, rules);
  // Without an order of its own the patch's list is one: what is new goes to the front.
  const wanted = order ? orderOf(order, patched, rules) : new Map(patched.map(({ key }, index) => [key, index]));
  return arrange(merged, live, wanted).map(({ item }) => item);
}

/** `[{$patch: replace}, ...]`: the elements that carry no directive are the whole new list. */
function replacement(value: Json[]): Json[] {
  return value.filter((item) => !isFields(item) || item.$patch === undefined);
}

/** Without a live list there is nothing to merge with: the patch's list stands, less its directives. */
function fresh(value: Json[], { items, patchFields }: ListRules): Json[] {
  return value.filter((item) => !isDeletion(item)).map((item) => isFields(item) ? patchFields({}, item, items) : item);
}

function isDeletion(item: Json): boolean {
  return isFields(item) && patchDirective(item) === "delete";
}

function elements(list: Json[], rules: ListRules): Element[] {
  return list.map((item) => ({ key: identity(item, rules), item }));
}

function identity(item: Json, { mergeKey }: ListRules): string {
  if (mergeKey === undefined) {
    if (isFields(item) || Array.isArray(item)) throw refused("invalid patch format of primitive list");
    return JSON.stringify(item);
  }
  if (Array.isArray(item)) throw refused("lists of lists are not supported");
  const key = isFields(item) ? item[mergeKey] : undefined;
  if (key === undefined || key === null) {
    throw refused(`map: ${goText(item)} does not contain declared merge key: ${mergeKey}`);
  }
  return JSON.stringify(key);
}

/** Each patched element changes the first that has its identity, or is added. */
function mergeElements(live: Element[], patched: Element[], rules: ListRules): Element[] {
  const merged = [...live];
  const first = new Map<string, number>();
  for (const [index, { key }] of merged.entries()) if (!first.has(key)) first.set(key, index);
  for (const { key, item } of patched) {
    const at = first.get(key) ?? merged.length;
    merged[at] = { key, item: mergeElement(merged[at]?.item, item, rules) };
    first.set(key, at);
  }
  return merged;
}

function mergeElement(present: Json | undefined, item: Json, rules: ListRules): Json {
  if (!isFields(item)) return item;
  if (item.$patch === "merge") throw refused("merging lists cannot yet be specified in the patch");
  return rules.patchFields(isFields(present) ? present : {}, item, rules.items);
}

/** Identity to wanted rank. The patch's own list must not contradict it. */
function orderOf(order: Json[], patched: Element[], rules: ListRules): Map<string, number> {
  const wanted = new Map(order.map((item, index) => [identity(item, rules), index]));
  const ranks = patched.map(({ key }) => wanted.get(key));
  const ascends = ranks.every((rank, index) => rank !== undefined && (index === 0 || rank >= (ranks[index - 1] ?? -1)));
  if (ascends) return wanted;
  const list = goText(patched.map(({ item }) => item));
  throw refused(`The order in patch list:\n${list}\n doesn't match $setElementOrder list:\n${goText(order)}\n`);
}

/**
 * Ordered elements stand in the wanted order, the others keep the live order among themselves; each of the others goes
 * before the first ordered element that the live list had behind it.
 */
function arrange(merged: Element[], live: Element[], wanted: Map<string, number>): Element[] {
  const rank = (key: string) => wanted.get(key) ?? -1;
  const liveRank = new Map(live.map(({ key }, index) => [key, index]));
  const ordered = merged.filter(({ key }) => wanted.has(key)).sort((a, b) => rank(a.key) - rank(b.key));
  const result: Element[] = [];
  let next = 0;
  for (const other of merged.filter(({ key }) => !wanted.has(key))) {
    const place = liveRank.get(other.key) ?? Infinity;
    while (next < ordered.length && !((liveRank.get(ordered[next]!.key) ?? -1) > place)) result.push(ordered[next++]!);
    result.push(other);
  }
  return [...result, ...ordered.slice(next)];
}
