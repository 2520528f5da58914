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
  inGroup(group: string): readonly Resource[];
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
  /** What is asked of one group must not grow with the number of all. */
  const groups = new Map<string, Map<string, Resource>>();
  const kinds = new Map<string, Resource>();
  const listeners = new Set<() => void>();
  let revision = 0;
  let ordered: readonly Resource[] | undefined;

  const changed = () => {
    revision++;
    ordered = undefined;
    for (const listener of listeners) listener();
  };
  const put = (added: readonly Resource[]) => {
    for (const row of added) {
      rows.set(keyOfRow(row), row);
      kinds.set(kindOfRow(row), row);
      const group = groups.get(row.group) ?? new Map<string, Resource>();
      groups.set(row.group, group.set(keyOfRow(row), row));
    }
    changed();
  };
  const remove = (gone: readonly Resource[]) => {
    for (const row of gone) {
      rows.delete(keyOfRow(row));
      groups.get(row.group)?.delete(keyOfRow(row));
      kinds.delete(kindOfRow(row));
    }
    // Another row may have the kind of one that is gone.
    for (const { group } of gone) for (const row of groups.get(group)?.values() ?? []) kinds.set(kindOfRow(row), row);
    changed();
  };
  put(builtin);
  const inGroup = (group: string) => [...groups.get(group)?.values() ?? []];

  return {
    find: (group, version, plural) => rows.get(`${group}/${version}/${plural}`),
    byKind: (apiVersion, kind) => kinds.get(`${apiVersion}/${kind}`),
    all: () => ordered ??= [...rows.values()],
    inGroup,
    serves: (group, version) => inGroup(group).some((row) => !version || row.version === version),
    get revision() {
      return revision;
    },
    put,
    remove,
    onChange: (listener) => {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
  };
}

function keyOfRow({ group, version, plural }: Resource): string {
  return `${group}/${version}/${plural}`;
}

function kindOfRow(row: Resource): string {
  return `${apiVersionOf(row)}/${row.kind}`;
}
