/** How large a value can become, as far as its schema tells: what costs are estimated from before anything runs. */

export interface Bound {
  /** `any`: nobody knows; it is as large as a request can be. */
  readonly kind: "one" | "text" | "list" | "map" | "object" | "any";
  /** Bytes of a text, items of a list, entries of a map; 1 of anything else. */
  readonly most: number;
  /** Of items and of a map's values. */
  readonly item?: Bound;
  /** By name as expressions write it. */
  readonly field?: (name: string) => Bound | undefined;
}

/** Bytes of a request: what bounds that which no schema bounds. */
export const mostRequestBytes = 3 * 1024 * 1024;

export const one: Bound = { kind: "one", most: 1 };
export const anything: Bound = { kind: "any", most: mostRequestBytes };

export function textOf(most: number): Bound {
  return { kind: "text", most };
}

export function manyOf(most: number, item: Bound): Bound {
  return { kind: "list", most, item };
}

/** What goes through it sees. */
export function itemOf({ kind, item }: Bound): Bound {
  return item ?? (kind === "any" ? anything : one);
}

/** Keys have no length in a schema, and upstream counts them without one: definitions that it takes rely on it. */
export function keyOf({ kind }: Bound): Bound {
  return kind === "any" ? anything : textOf(1);
}

export function fieldOf(bound: Bound, name: string): Bound {
  return bound.field?.(name) ?? itemOf(bound);
}

/** The larger of the two, whichever comes. */
export function either(a: Bound, b: Bound): Bound {
  return b.most > a.most || a.kind === "one" ? b : a;
}
