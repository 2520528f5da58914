/** From query parameters to the options of an operation; what cannot be read is refused in upstream's words. */
import { badRequest } from "../objects/refusals.ts";
import type { ListCall, WatchCall } from "../operations.ts";

export function listCall(query: URLSearchParams): ListCall {
  whole(query, "timeoutSeconds"); // Lists are too fast for it, but it must be a number.
  return {
    labelSelector: text(query, "labelSelector"),
    fieldSelector: text(query, "fieldSelector"),
    limit: whole(query, "limit"),
    continue: text(query, "continue"),
    resourceVersion: text(query, "resourceVersion"),
    resourceVersionMatch: text(query, "resourceVersionMatch"),
    sendInitialEvents: flag(query, "sendInitialEvents"),
  };
}

export function watchCall(query: URLSearchParams): WatchCall {
  return {
    labelSelector: text(query, "labelSelector"),
    fieldSelector: text(query, "fieldSelector"),
    resourceVersion: text(query, "resourceVersion"),
    resourceVersionMatch: text(query, "resourceVersionMatch"),
    allowBookmarks: flag(query, "allowWatchBookmarks"),
    sendInitialEvents: flag(query, "sendInitialEvents"),
    continue: text(query, "continue"),
  };
}

export function text(query: URLSearchParams, name: string): string | undefined {
  return query.get(name) || undefined;
}

/** `true` and `1`, also without a value, as Go reads them; absent: `undefined`. */
export function flag(query: URLSearchParams, name: string): boolean | undefined {
  const value = query.get(name);
  if (value === null) return undefined;
  return !["false", "0", "f", "F", "FALSE", "False"].includes(value);
}

/** A whole number of 64 bits; of those that are beyond what can be counted here, nobody needs all digits. */
export function whole(query: URLSearchParams, name: string): number | undefined {
  const value = query.get(name);
  if (value === null) return undefined;
  const refused = (why: string) => badRequest(`strconv.ParseInt: parsing ${JSON.stringify(value)}: ${why}`);
  if (!/^[-+]?\d+$/.test(value)) throw refused("invalid syntax");
  const number = Number(value);
  if (Math.abs(number) >= 2 ** 63) throw refused("value out of range");
  return number;
}
