/** What CreateOptions, UpdateOptions, PatchOptions and DeleteOptions have in common: read from the query, refused in upstream's words. */
import { type FieldError, invalid, notSupported, tooLong } from "../../schema/mod.ts";

const validations = ["Strict", "Warn", "Ignore"] as const;
type FieldValidation = typeof validations[number];

export interface WriteOptions {
  readonly dryRun: boolean;
  readonly fieldValidation: FieldValidation;
  readonly fieldManager?: string;
}

/** `kind`: of the options, as messages name them (`CreateOptions`). Throws Invalid. */
export function writeOptions(query: URLSearchParams, kind: string): WriteOptions {
  const dryRuns = query.getAll("dryRun");
  const asked = query.get("fieldValidation") || "Warn";
  const fieldManager = query.get("fieldManager") || undefined;
  const fieldValidation = validations.find((name) => name === asked);
  const faults = [...managerFaults(fieldManager ?? ""), ...dryRunFaults(dryRuns)];
  if (!fieldValidation) faults.push(notSupported("fieldValidation", asked, ["", "Ignore", "Strict", "Warn"]));
  if (faults.length > 0 || !fieldValidation) throw invalid({ group: "meta.k8s.io", kind }, "", faults);
  return { dryRun: dryRuns.length > 0, fieldValidation, fieldManager };
}

/** `All` is the only thing that may stand there. */
export function dryRunFaults(values: readonly string[]): FieldError[] {
  return values.every((value) => value === "All") ? [] : [notSupported("dryRun", values, ["All"])];
}

const longestManager = 128;
const unprintable = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u;

function managerFaults(name: string): FieldError[] {
  const faults = new TextEncoder().encode(name).length > longestManager
    ? [tooLong("fieldManager", longestManager)]
    : [];
  const at = name.search(unprintable);
  if (at < 0) return faults;
  const code = name.codePointAt(at)!.toString(16).toUpperCase().padStart(4, "0");
  const shown = JSON.stringify(name).replace(/\\u00([0-9a-f]{2})/g, "\\x$1");
  const message = `Invalid value: ${shown}: invalid character U+${code} (at position ${at})`;
  return [...faults, { reason: "FieldValueInvalid", field: "fieldManager", message }];
}
