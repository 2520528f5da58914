/** A column with the function that fills it, and the words in which cells say lists, labels and absence. */
import type { Column, Json, KubeObject } from "../../schema/mod.ts";
import { ageOf } from "./human_duration.ts";

export type Cell<T> = (object: T, nowMs: number) => Json;

export interface CellColumn<T = KubeObject> extends Column {
  readonly cell: Cell<T>;
}

/** Columns of one kind. */
export type Printer = readonly CellColumn[];

type ColumnType = "string" | "integer" | "boolean" | "date";

/** Always shown. */
export function column<T>(name: string, cell: Cell<T>, type: ColumnType = "string"): CellColumn<T> {
  return { name, type, format: "", description: "", priority: 0, cell };
}

/** Shown with `-o wide`. */
export function wide<T>(name: string, cell: Cell<T>, type: ColumnType = "string"): CellColumn<T> {
  return { ...column(name, cell, type), priority: 1 };
}

/** The cells of a kind see its own type; a row is only ever filled from an object of its kind. */
export function printer<T>(...columns: CellColumn<T>[]): Printer {
  return columns as unknown as Printer;
}

interface Named {
  metadata?: { name?: string; creationTimestamp?: string };
}

export const name: CellColumn<Named> = {
  ...column<Named>("Name", ({ metadata }) => metadata?.name ?? ""),
  format: "name",
};

export const age: CellColumn<Named> = column("Age", ({ metadata }, now) => ageOf(metadata?.creationTimestamp, now));

export const createdAt: CellColumn<Named> = column(
  "Created At",
  ({ metadata }) => metadata?.creationTimestamp ?? null,
  "date",
);

/** `a,b,c`, or `<none>`. */
export function listed(values: readonly string[] | undefined, none = "<none>"): string {
  return values && values.length > 0 ? values.join(",") : none;
}

/** The first `max` and how many more there are. */
export function shortened(values: readonly string[], max = 3, none = "<none>", separator = ","): string {
  if (values.length === 0) return none;
  const shown = values.slice(0, max).join(separator);
  return values.length > max ? `${shown} + ${values.length - max} more...` : shown;
}

/** `a=b,c=d`, sorted. */
export function labels(map: { [label: string]: string } | undefined): string {
  return listed(Object.entries(map ?? {}).map(([key, value]) => `${key}=${value}`).sort());
}

interface LabelSelector {
  matchLabels?: { [label: string]: string };
  matchExpressions?: { key: string; operator: string; values?: string[] }[];
}

/** `a=b,c in (x,y),!d` */
export function labelSelector(selector: LabelSelector | undefined): string {
  const { matchLabels = {}, matchExpressions = [] } = selector ?? {};
  const terms: [key: string, term: string][] = [
    ...Object.entries(matchLabels).map(([key, value]): [string, string] => [key, `${key}=${value}`]),
    ...matchExpressions.map(({ key, operator, values = [] }): [string, string] => [
      key,
      operator === "Exists"
        ? key
        : operator === "DoesNotExist"
        ? `!${key}`
        : `${key} ${operator === "In" ? "in" : "notin"} (${[...values].sort().join(",")})`,
    ]),
  ];
  return listed(terms.sort(([a], [b]) => a < b ? -1 : 1).map(([, term]) => term));
}

interface WithTemplate {
  spec?: { template?: { spec?: { containers?: { name: string; image?: string }[] } } };
}

export const containers: CellColumn<WithTemplate> = wide(
  "Containers",
  ({ spec }) => (spec?.template?.spec?.containers ?? []).map((container) => container.name).join(","),
);

export const images: CellColumn<WithTemplate> = wide(
  "Images",
  ({ spec }) => (spec?.template?.spec?.containers ?? []).map((container) => container.image ?? "").join(","),
);

export const selector: CellColumn<{ spec?: { selector?: LabelSelector } }> = wide(
  "Selector",
  ({ spec }) => labelSelector(spec?.selector),
);
