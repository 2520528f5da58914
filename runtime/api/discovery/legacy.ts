/**
 * Discovery as every client knows it: `/api`, `/apis`, `/apis/<group>` and one list of resources a group-version.
 *
 * Source: meta/v1 APIVersions, APIGroup, APIGroupList, APIResourceList.
 */
import { createHash } from "node:crypto";
import type { Json, Resource, Subresource } from "../../schema/mod.ts";
import { type GroupVersions, groupVersionsOf } from "./priority.ts";

/** `/api`. `serverAddress` is `host:port`, where clients of any network find this server. */
export function apiVersions(resources: readonly Resource[], serverAddress: string): Json {
  const core = groupVersionsOf(resources).find(({ group }) => group === "");
  return {
    kind: "APIVersions",
    versions: [...core?.versions ?? []],
    serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress }],
  };
}

/** `/apis` */
export function apiGroupList(resources: readonly Resource[]): Json {
  const named = groupVersionsOf(resources).filter(({ group }) => group !== "");
  return { kind: "APIGroupList", apiVersion: "v1", groups: named.map(groupEntry) };
}

/** `/apis/<group>`; undefined when nothing of the group is served. */
export function apiGroup(resources: readonly Resource[], name: string): Json | undefined {
  const found = groupVersionsOf(resources).find(({ group }) => group === name);
  return found && { kind: "APIGroup", apiVersion: "v1", ...groupEntry(found) };
}

function groupEntry({ group, versions }: GroupVersions): { [field: string]: Json } {
  const entries = versions.map((version) => ({ groupVersion: `${group}/${version}`, version }));
  return { name: group, versions: entries, preferredVersion: entries[0]! };
}

/** `/api/v1`, `/apis/<group>/<version>`; undefined when nothing of it is served. */
export function apiResourceList(resources: readonly Resource[], group: string, version: string): Json | undefined {
  const served = resources.filter((resource) => resource.group === group && resource.version === version);
  if (served.length === 0) return undefined;
  const sorted = served.sort((a, b) => a.plural < b.plural ? -1 : 1);
  const entries = sorted.flatMap((resource) => [
    resourceEntry(resource),
    ...resource.subresources.map((subresource) => subresourceEntry(resource, subresource)),
  ]);
  const head: { [field: string]: Json } = group === ""
    ? { kind: "APIResourceList", groupVersion: version }
    : { kind: "APIResourceList", apiVersion: "v1", groupVersion: `${group}/${version}` };
  return { ...head, resources: entries };
}

function resourceEntry(resource: Resource): { [field: string]: Json } {
  const { plural, singular, namespaced, kind, verbs, shortNames, categories } = resource;
  const entry: { [field: string]: Json } = {
    name: plural,
    singularName: singular,
    namespaced,
    kind,
    verbs: [...verbs],
  };
  if (shortNames.length > 0) entry.shortNames = [...shortNames];
  if (categories.length > 0) entry.categories = [...categories];
  if (verbs.includes("watch")) entry.storageVersionHash = storageVersionHash(resource);
  return entry;
}

function subresourceEntry(resource: Resource, subresource: Subresource): { [field: string]: Json } {
  const { group, version, kind, verbs } = subresource;
  const foreign = group !== resource.group || version !== resource.version;
  return {
    name: `${resource.plural}/${subresource.name}`,
    singularName: "",
    namespaced: resource.namespaced,
    ...(foreign ? { group, version } : {}),
    kind,
    verbs: [...verbs],
  };
}

/** Changes when objects are stored in another version: the first 8 bytes of a SHA-256, in base64. */
function storageVersionHash({ storageVersion, kind }: Resource): string {
  const text = storageVersion.includes("/") ? `${storageVersion}/${kind}` : `/${storageVersion}/${kind}`;
  return createHash("sha256").update(text).digest().subarray(0, 8).toString("base64");
}
