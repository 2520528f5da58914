/**
 * How rows of built-in kinds are written by hand: what the facts do not say (names for people, verbs, subresources, the
 * place in the store, field selectors), with upstream's defaults for everything that a row leaves out.
 */
import { apiVersionOf, type Resource, type Subresource, type Verb } from "../resource.ts";
import { structNamed } from "./link.ts";

/** What a group and version have in common; the empty group is core. */
export interface GroupVersion {
  readonly group: string;
  readonly version: string;
}

export interface Row {
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  /** All eight where absent. */
  readonly verbs?: readonly Verb[];
  readonly subresources?: readonly SubresourceRow[];
  /** Below `/registry/`; the plural where absent. */
  readonly storedAs?: string;
  readonly storageVersion?: string;
  /** Field selectors; a bare one is the path itself. */
  readonly selects?: readonly (string | readonly [selector: string, path: string, fallback?: string])[];
  /** Words in which other selectors are refused, where they are not those of kinds with field selectors of their own. */
  readonly unselectable?: string;
  /** `deprecated in v1.33+; use ...` */
  readonly deprecation?: string;
}

/** A bare name is read and written (`get`, `patch`, `update`) as the resource's own kind. */
export type SubresourceRow = string | {
  readonly name: string;
  readonly verbs: readonly Verb[];
  /** `autoscaling/v1 Scale`; the resource's own where absent. */
  readonly body?: string;
};

export const allVerbs: readonly Verb[] = [
  "create",
  "delete",
  "deletecollection",
  "get",
  "list",
  "patch",
  "update",
  "watch",
];
export const createOnly: readonly Verb[] = ["create"];
export const readAndWrite: readonly Verb[] = ["get", "patch", "update"];
export const scale: SubresourceRow = { name: "scale", verbs: readAndWrite, body: "autoscaling/v1 Scale" };

/** `rbac.authorization.k8s.io/v1` has its types in the package `rbac/v1`, the core group in `core/v1`. */
export function packageOf({ group, version }: GroupVersion): string {
  return `${group === "" ? "core" : group.split(".")[0]}/${version}`;
}

export function resourcesOf(place: GroupVersion, rows: readonly Row[]): Resource[] {
  return rows.map((row) => resourceOf(place, row));
}

function resourceOf(place: GroupVersion, row: Row): Resource {
  const name = `${packageOf(place)}.${row.kind}`;
  const type = structNamed(name);
  if (!type) throw new Error(`the table of types has no ${name}`);
  const subresources = (row.subresources ?? []).map((sub) => subresourceOf(place, row, sub));
  return {
    ...place,
    kind: row.kind,
    listKind: `${row.kind}List`,
    plural: row.plural,
    singular: row.kind.toLowerCase(),
    namespaced: row.namespaced,
    shortNames: row.shortNames ?? [],
    categories: row.categories ?? [],
    verbs: row.verbs ?? allVerbs,
    subresources,
    type,
    hasStatus: subresources.some((sub) => sub.name === "status"),
    storagePrefix: `/registry/${row.storedAs ?? row.plural}`,
    storageVersion: row.storageVersion ?? (place.group ? `${place.group}/${place.version}` : place.version),
    selectableFields: selectablePaths(row, 1),
    unselectable: row.unselectable ?? (row.selects ? undefined : onlyByName),
    selectableFallbacks: selectablePaths(row, 2),
    deprecation: row.deprecation && `${apiVersionOf(place)} ${row.kind} is ${row.deprecation}`,
  };
}

function subresourceOf(place: GroupVersion, row: Row, sub: SubresourceRow): Subresource {
  if (typeof sub === "string") return { name: sub, verbs: readAndWrite, ...place, kind: row.kind };
  const { name, verbs, body } = sub;
  if (!body) return { name, verbs, ...place, kind: row.kind };
  const [groupVersion = "", kind = ""] = body.split(" ");
  const slash = groupVersion.indexOf("/");
  const group = slash < 0 ? "" : groupVersion.slice(0, slash);
  return { name, verbs, group, version: groupVersion.slice(slash + 1), kind };
}

const onlyByName = '"%s" is not a known field selector: only "metadata.name", "metadata.namespace"';

/** `place`: of the path in its entry; entries without one are left out. */
function selectablePaths(row: Row, place: 1 | 2): ReadonlyMap<string, readonly string[]> {
  const entries = (row.selects ?? ["metadata.namespace"]).map((entry) =>
    typeof entry === "string" ? [entry, entry] as const : entry
  );
  return new Map(entries.flatMap((entry) => entry[place] ? [[entry[0], entry[place].split(".")]] : []));
}
