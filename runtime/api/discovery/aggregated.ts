/**
 * Aggregated discovery: everything below `/api` or `/apis` in one document (KEP-3352). `v2` and `v2beta1` have one shape;
 * kubectl 1.26 to 1.29 asks for the latter.
 */
import type { Json, Resource, Subresource } from "../../schema/mod.ts";
import { type GroupVersions, groupVersionsOf, isBuiltinGroup } from "./priority.ts";

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
    metadata: group === "" ? {} : { name: group },
    versions: versions.map(versionItem),
  };
}

function resourceItem(resource: Resource): Json {
  const { plural, singular, namespaced, verbs, shortNames, categories, subresources } = resource;
  return {
    resource: plural,
    responseKind: responseKind(resource, resource),
    scope: namespaced ? "Namespaced" : "Cluster",
    singularResource: singular,
    verbs: [...verbs],
    ...(shortNames.length > 0 ? { shortNames: [...shortNames] } : {}),
    ...(categories.length > 0 ? { categories: [...categories] } : {}),
    ...(subresources.length > 0 ? { subresources: subresources.map((part) => subresourceItem(resource, part)) } : {}),
  };
}

function subresourceItem(resource: Resource, part: Subresource): Json {
  return { subresource: part.name, responseKind: responseKind(resource, part), verbs: [...part.verbs] };
}

/** Built-in groups say only what is not their own; groups of custom resources say everything. */
function responseKind(resource: Resource, { group, version, kind }: Resource | Subresource): Json {
  const own = group === resource.group && version === resource.version;
  return own && isBuiltinGroup(group) ? { group: "", version: "", kind } : { group, version, kind };
}
