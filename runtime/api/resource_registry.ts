/**
 * Every kind that is served, built-in and custom, as rows that come and go at run time.
 *
 * Law: one row for each group, version and plural; who asks twice without a change between gets the same arrays.
 */
import { apiVersionOf, type Resource } from "../schema/mod.ts";

export interface ResourceRegistry {
  /** `group` is empty for the core group. */
  find(group: string, version: string, plural: string): Resource | undefined;
  /** By what an object says of itself. */
  byKind(apiVersion: string, kind: string): Resource | undefined;
  /** Every row, in the order in which discovery shows them. */
  all(): readonly Resource[];
  /** Whether a group, or a version of it, has any row. */
  serves(group: string, version?: string): boolean;
  /** Grows with each change: what is derived from the rows is kept as long as it stays. */
  readonly revision: number;
  /** Adds or replaces rows. */
  put(rows: readonly Resource[]): void;
  remove(rows: readonly Resource[]): void;
  onChange(listener: () => void): Disposable;
}

export function resourceRegistry(builtin: readonly Resource[]): ResourceRegistry {
  const rows = new Map<string, Resource>();
  const kinds = new Map<string, Resource>();
  const listeners = new Set<() => void>();
  let revision = 0;
  let ordered: readonly Resource[] = [];

  const changed = () => {
    revision++;
    ordered = [...rows.values()];
    kinds.clear();
    for (const row of ordered) kinds.set(`${apiVersionOf(row)}/${row.kind}`, row);
    for (const listener of listeners) listener();
  };
  const put = (added: readonly Resource[]) => {
    for (const row of added) rows.set(keyOfRow(row), row);
    changed();
  };
  put(builtin);

  return {
    find: (group, version, plural) => rows.get(`${group}/${version}/${plural}`),
    byKind: (apiVersion, kind) => kinds.get(`${apiVersion}/${kind}`),
    all: () => ordered,
    serves: (group, version) => ordered.some((row) => row.group === group && (!version || row.version === version)),
    get revision() {
      return revision;
    },
    put,
    remove: (gone) => {
      for (const row of gone) rows.delete(keyOfRow(row));
      changed();
    },
    onChange: (listener) => {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
  };
}

function keyOfRow({ group, version, plural }: Resource): string {
  return `${group}/${version}/${plural}`;
}
