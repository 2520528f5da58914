/** Plain JSON values: deep copies and equality, without the cost of `structuredClone`. */

/** A copy that shares nothing; `undefined` members are left out, as JSON would. */
export function copyJson<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(copyJson) as T;
  const copy: Record<string, unknown> = {};
  for (const name in value) if (value[name] !== undefined) copy[name] = copyJson(value[name]);
  return copy as T;
}

/** Whatever the order of members; `undefined` members count as absent. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) return Array.isArray(a) && Array.isArray(b) && sameList(a, b);
  return sameMembers(a as Record<string, unknown>, b as Record<string, unknown>);
}

function sameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, index) => sameJson(item, b[index]));
}

function sameMembers(a: Record<string, unknown>, b: Record<string, unknown>): boolean {
  let members = 0;
  for (const name in a) {
    if (a[name] === undefined) continue;
    if (!sameJson(a[name], b[name])) return false;
    members++;
  }
  for (const name in b) if (b[name] !== undefined) members--;
  return members === 0;
}
