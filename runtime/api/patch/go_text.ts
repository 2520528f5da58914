/** JSON as Go prints a value of its own that was read from it: `map[a:1 b:[x y]]`, without quotes, keys in order. */
import type { Json } from "../../schema/mod.ts";

export function goText(value: Json): string {
  if (value === null) return "<nil>";
  if (Array.isArray(value)) return `[${value.map(goText).join(" ")}]`;
  if (typeof value !== "object") return String(value);
  return `map[${Object.keys(value).sort().map((key) => `${key}:${goText(value[key]!)}`).join(" ")}]`;
}
