/**
 * Aggregated discovery: everything below `/api` or `/apis` in one document (KEP-3352). `v2` and `v2beta1` have one shape;
 * kubectl 1.26 to 1.29 asks for the latter.
 */
import type { Json, Resource, Subresource } from "../../schema/mod.ts";
import { type GroupVersions, groupVersionsOf } from "./priority.ts";

export type DiscoveryVersion = "v2" | "v2beta1";

export function discoveryMediaType(version: DiscoveryVersion): string {
  return `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
}

/** `root` is the path that was asked: `/api` holds the core group, `/apis` all others. */
export function aggregatedDiscovery(
  resources: readonly Resource[],
  root: "/api" | "/apis",
  version: DiscoveryVersion = "v2",
): Json {
  const groups = groupVersionsOf(resources).filter(({ group }) => (group === "") === (root === "/api"));
  return {
    kind: "APIGroupDiscoveryList",
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items: groups.map((group) => groupItem(resources, group)),
  };
}

function groupItem(resources: readonly Resource[], { group, versions }: GroupVersions): Json {
  const versionItem = (version: string): Json => {
    const served = resources.filter((resource) => resource.group === group && resource.version === version);
    const sorted = served.sort((a, b) => a.plural < b.plural ? -1 : 1);
    return { version, resources: sorted.map(resourceItem), freshness: "Current" };
  };
  return {
    metadata: group === "" ? { creationTimestamp: null } : { name: group, creationTimestamp: null },
    versions: versions.map(versionItem),
  };
}

function resourceItem(resource: Resource): Json {
  const { group, version, kind, plural, singular, namespaced, verbs, shortNames, categories, subresources } = resource;
  const sorted = [...subresources].sort((a, b) => a.name < b.name ? -1 : 1);
  return {
    resource: plural,
    responseKind: { group, version, kind },
    scope: namespaced ? "Namespaced" : "Cluster",
    singularResource: singular,
    verbs: [...verbs],
    ...(shortNames.length > 0 ? { shortNames: [...shortNames] } : {}),
    ...(categories.length > 0 ? { categories: [...categories] } : {}),
    ...(sorted.length > 0 ? { subresources: sorted.map(subresourceItem) } : {}),
  };
}

function subresourceItem({ name, group, version, kind, verbs }: Subresource): Json {
  return { subresource: name, responseKind: { group, version, kind }, verbs: [...verbs] };
}
