/**
 * Rules as rows: `["spec.drivers[].name", required(), named(dnsSubdomain)]`. A place is looked at when what holds it is there;
 * `[]` stands for every item of a list. What a row cannot say is said by a function of the kind.
 */
import type { NameRule } from "./names.ts";
import type { Report } from "./report.ts";

/** `value` is `undefined` where there is none; `holder` is what it stands in. */
export type Check = (value: unknown, report: Report, holder: Record<string, unknown>) => void;
export type Rule = readonly [place: string, ...checks: Check[]];

/** A validator of whatever the rows begin at. */
export function rules(...rows: readonly Rule[]): (object: object, report: Report) => void {
  const walks = rows.map(([place, ...checks]) => walk(place.split("."), checks));
  return (object, report) => walks.forEach((look) => look(object, report));
}

type Look = (holder: unknown, report: Report) => void;

function walk([step = "", ...rest]: readonly string[], checks: readonly Check[]): Look {
  const name = step.replace("[]", "");
  const isList = step.endsWith("[]");
  const further = rest.length > 0 ? walk(rest, checks) : undefined;
  return (holder, report) => {
    if (typeof holder !== "object" || holder === null) return;
    const held = holder as Record<string, unknown>;
    const visit = (value: unknown, place: Report) =>
      further ? further(value, place) : checks.forEach((check) => check(value, place, held));
    if (!isList) return visit(held[name], report.at(name));
    const items = held[name];
    if (Array.isArray(items)) items.forEach((item, i) => visit(item, report.at(name, i)));
  };
}

/** Absent, "", [] and {} are nothing. */
export function required(detail?: string): Check {
  return (value, report) => {
    if (isEmpty(value)) report.required(detail);
  };
}

export function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === "") return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}

export function named(rule: NameRule): Check {
  return (value, report) => {
    if (typeof value === "string" && value !== "") report.named(value, rule);
  };
}

/** "" counts as a value here. */
export function oneOf(...values: readonly string[]): Check {
  return (value, report) => report.oneOf(value, values);
}

/** 0 stands for "not said". */
export function between(least: number, most: number): Check {
  const words = `must be between ${least} and ${most}, inclusive`;
  return (value, report) => {
    if (typeof value === "number" && value !== 0 && (value < least || value > most)) report.invalid(value, words);
  };
}

export function atLeast(least: number, words: string): Check {
  return (value, report) => {
    if (typeof value === "number" && value < least) report.invalid(value, words);
  };
}

export function atMost(most: number, words: string): Check {
  return (value, report) => {
    if (typeof value === "number" && value > most) report.invalid(value, words);
  };
}

export function fewerThan(count: number): Check {
  return (value, report) => {
    if (Array.isArray(value) && value.length > count) report.tooMany(value.length, count);
  };
}

/** Of a list, or of one field of its items. The later one is told. */
export function unique(field?: string): Check {
  return (value, report) => {
    const seen = new Set<unknown>();
    if (!Array.isArray(value)) return;
    value.forEach((item, i) => {
      const key = field ? item?.[field] : item;
      const place = field ? report.at(i, field) : report.at(i);
      if (!isEmpty(key) && seen.has(key)) place.duplicate(key);
      seen.add(key);
    });
  };
}

/** `*` stands for all: beside it nothing else has a meaning. */
export function aloneIfAll(what: string): Check {
  return (value, report) => {
    if (!Array.isArray(value) || value.length < 2 || !value.includes("*")) return;
    report.invalid(value, `if '*' is present, must not specify other ${what}`);
  };
}

/** What may not change once it is stored. */
export function fixed(...places: readonly string[]): (now: object, old: object, report: Report) => void {
  return (now, old, report) => {
    for (const place of places) {
      const steps = place.split(".");
      report.at(...steps).immutable(valueAt(now, steps), valueAt(old, steps));
    }
  };
}

function valueAt(object: object, steps: readonly string[]): unknown {
  return steps.reduce<unknown>((value, step) => (value as Record<string, unknown> | undefined)?.[step], object);
}
