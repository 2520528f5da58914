/** A deep copy of a plain JSON value, several times faster than structuredClone, without its undefined fields. */
export function plainCopy<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(plainCopy) as T;
  const copy: Record<string, unknown> = {};
  for (const [field, inner] of Object.entries(value)) if (inner !== undefined) copy[field] = plainCopy(inner);
  return copy as T;
}
