/**
 * A list of faults and the place that is looked at: `report.at("spec").at("ports", 0).invalid(value, why)`. Places are
 * made only where something is walked into, and turned into text only when there is a fault.
 */
import * as errors from "../field_error.ts";
import type { FieldError } from "../field_error.ts";
import type { NameRule } from "./names.ts";

export class Report {
  constructor(
    readonly faults: FieldError[] = [],
    private readonly parent?: Report,
    private readonly step?: string | number,
  ) {}

  /** The place one or more steps further in; numbers are list indices. */
  at(...steps: (string | number)[]): Report {
    return steps.reduce<Report>((report, step) => new Report(this.faults, report, step), this);
  }

  get path(): string {
    if (this.step === undefined) return "";
    const above = this.parent?.path ?? "";
    if (typeof this.step === "number") return `${above}[${this.step}]`;
    return above === "" ? this.step : `${above}.${this.step}`;
  }

  /** `path[key]`, as upstream names the entries of maps. */
  key(key: string): Report {
    return new Report(this.faults, undefined, `${this.path}[${key}]`);
  }

  required(detail?: string): void {
    this.faults.push(errors.required(this.path, detail));
  }

  invalid(value: unknown, detail: string): void {
    this.faults.push(errors.invalidValue(this.path, value, detail));
  }

  /** As `invalid`, with the value as it is. */
  bare(value: unknown, detail: string): void {
    const message = `Invalid value: ${value}: ${detail}`;
    this.faults.push({ reason: "FieldValueInvalid", field: this.path, message });
  }

  /** As `invalid`, without showing the value. */
  invalidWhole(detail: string): void {
    this.faults.push(errors.invalidWhole(this.path, detail));
  }

  forbidden(detail: string): void {
    this.faults.push(errors.forbidden(this.path, detail));
  }

  duplicate(value: unknown, detail?: string): void {
    this.faults.push(errors.duplicate(this.path, value, detail));
  }

  notFound(value: unknown, detail?: string): void {
    this.faults.push(errors.notFoundValue(this.path, value, detail));
  }

  notSupported(value: unknown, supported: readonly string[]): void {
    this.faults.push(errors.notSupported(this.path, value, supported));
  }

  /** "" counts as a value. */
  oneOf(value: unknown, supported: readonly string[]): void {
    if (value !== undefined && !supported.includes(value as string)) this.notSupported(value, supported);
  }

  tooLong(maxBytes: number): void {
    this.faults.push(errors.tooLong(this.path, maxBytes));
  }

  tooMany(count: number, max: number): void {
    this.faults.push(errors.tooMany(this.path, count, max));
  }

  /** One fault for each that the grammar finds. */
  named(value: string, rule: NameRule): void {
    for (const fault of rule(value)) this.invalid(value, fault);
  }

  /** As `named`, but an absent or empty name is a required one. */
  requiredName(value: string | undefined, rule: NameRule): void {
    if (value) this.named(value, rule);
    else this.required();
  }

  /** A whole number that may not be below zero. */
  nonNegative(value: number | undefined): void {
    if (value !== undefined && value < 0) this.invalid(value, "must be greater than or equal to 0");
  }

  /** What may never change once set. What is gone shows as empty text, or as null where it was none or is said to be. */
  immutable(value: unknown, old: unknown, detail = "field is immutable"): void {
    if (sameJson(value, old)) return;
    this.invalid(value === undefined && typeof old === "string" ? "" : value ?? null, detail);
  }
}

/** Equal as JSON, where absent, empty list and empty map are one (Go's semantic equality). */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (isNothing(a) && isNothing(b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) return sameList(a, b);
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  for (const name of Object.keys(left)) if (!sameJson(left[name], right[name])) return false;
  for (const name of Object.keys(right)) if (!(name in left) && !isNothing(right[name])) return false;
  return true;
}

function sameList(a: object, b: object): boolean {
  if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
  return a.every((item, i) => sameJson(item, b[i]));
}

function isNothing(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  return Array.isArray(value) && value.length === 0;
}
