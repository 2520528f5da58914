/** From query parameters to the options of an operation; what cannot be read is refused in upstream's words. */
import { StatusError } from "../../schema/mod.ts";
import { badRequest } from "../objects/refusals.ts";
import type { ListCall, WatchCall } from "../operations.ts";

export function listCall(query: URLSearchParams): ListCall {
  return {
    labelSelector: text(query, "labelSelector"),
    fieldSelector: text(query, "fieldSelector"),
    limit: whole(query, "limit"),
    continue: text(query, "continue"),
    resourceVersion: text(query, "resourceVersion"),
    resourceVersionMatch: text(query, "resourceVersionMatch"),
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

/** A whole number. */
export function whole(query: URLSearchParams, name: string): number | undefined {
  const value = query.get(name);
  if (!value) return undefined;
  if (!/^-?\d{1,15}$/.test(value)) {
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`);
  }
  return Number(value);
}

/** `dryRun=All`. */
export function dryRun(values: readonly string[], kind: string): boolean {
  const wrong = values.find((value) => value !== "All" && value !== "");
  if (wrong === undefined) return values.includes("All");
  throw new StatusError(
    "Invalid",
    `${kind}.meta.k8s.io "" is invalid: dryRun: Unsupported value: ${JSON.stringify(wrong)}: supported values: "All"`,
    { group: "meta.k8s.io", kind, causes: [{ reason: "FieldValueNotSupported", field: "dryRun" }] },
  );
}

const validations = ["Strict", "Warn", "Ignore"] as const;

export function fieldValidation(query: URLSearchParams, kind: string): typeof validations[number] {
  const value = query.get("fieldValidation") || "Warn";
  const known = validations.find((name) => name === value);
  if (known) return known;
  throw new StatusError(
    "Invalid",
    `${kind}.meta.k8s.io "" is invalid: fieldValidation: Unsupported value: ${JSON.stringify(value)}: ` +
      `supported values: "Ignore", "Strict", "Warn"`,
    { group: "meta.k8s.io", kind, causes: [{ reason: "FieldValueNotSupported", field: "fieldValidation" }] },
  );
}
