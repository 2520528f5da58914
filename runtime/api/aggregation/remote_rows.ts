/** What another server says that it serves (an APIResourceList), as rows for our own discovery documents. Pure. */
import type { Resource, Subresource, Verb } from "../../schema/mod.ts";

interface Entry {
  readonly name: string;
  readonly singularName?: string;
  readonly namespaced?: boolean;
  readonly group?: string;
  readonly version?: string;
  readonly kind: string;
  readonly verbs?: readonly Verb[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
}

export interface ResourceList {
  readonly kind?: string;
  readonly resources?: readonly Entry[];
}

export function remoteRows({ resources = [] }: ResourceList, group: string, version: string): Resource[] {
  const [parts, whole] = [true, false].map((part) => resources.filter(({ name }) => name.includes("/") === part));
  // Servers of metrics list `pods/http_requests` and no `pods`.
  const orphans = parts!.filter(({ name }) => !whole!.some((entry) => name.startsWith(`${entry.name}/`)));
  const parents = new Map(orphans.map(({ name, namespaced }) => [parentOf(name), namespaced]));
  const bare = [...parents].map(([name, namespaced]): Entry => ({ name, namespaced, kind: "" }));
  return [...whole!, ...bare].map((entry) => {
    const own = parts!.filter(({ name }) => parentOf(name) === entry.name);
    return rowOf(entry, group, version, own.map((part) => subresourceOf(part, group, version)));
  });
}

function parentOf(name: string): string {
  return name.slice(0, name.indexOf("/"));
}

function rowOf(entry: Entry, group: string, version: string, subresources: Subresource[]): Resource {
  const { name, kind, singularName = "", namespaced = false, verbs = [], shortNames = [], categories = [] } = entry;
  return {
    ...{ group, version, kind, namespaced, verbs, shortNames, categories, subresources },
    plural: name,
    singular: singularName,
    listKind: `${kind}List`,
    type: { type: "struct", name: "", fields: new Map(), atomic: false, preserveUnknown: true },
    hasStatus: false,
    storagePrefix: "",
    storageVersion: `${group}/${version}`,
    selectableFields: new Map(),
  };
}

function subresourceOf({ name, kind, verbs = [], ...own }: Entry, group: string, version: string): Subresource {
  const subresource = name.slice(name.indexOf("/") + 1);
  return { name: subresource, kind, verbs, group: own.group ?? group, version: own.version ?? version };
}
