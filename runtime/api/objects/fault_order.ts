/** Puts what strict decoding found into the order in which it stands in the document, as Go's decoder meets it. */

/** `faults` end in a quoted path, such as `unknown field "spec.a[0].b"`; those without one come first. */
export function inDocumentOrder(faults: readonly string[], document: unknown): string[] {
  const placed = faults.map((fault) => ({ fault, place: placeOf(fault, document) }));
  return placed.sort((a, b) => compare(a.place, b.place)).map(({ fault }) => fault);
}

/** The index of each step of the path among its neighbours. */
function placeOf(fault: string, document: unknown): number[] {
  const path = /field "([^"]*)"$/.exec(fault)?.[1] ?? "";
  const place: number[] = [];
  let at = document;
  for (const [, name, index] of path.matchAll(/([^.[\]]+)|\[(\d+)\]/g)) {
    if (typeof at !== "object" || at === null) break;
    const key = name ?? index!;
    place.push(Object.keys(at).indexOf(key));
    at = (at as Record<string, unknown>)[key];
  }
  return place;
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}
