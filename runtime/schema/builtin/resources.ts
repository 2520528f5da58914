/** Every built-in kind that is served, and the types of everything that may stand in a body. */
import type { Resource } from "../resource.ts";
import type { StructNode } from "../type_node.ts";
import { accessResources } from "./access.ts";
import { clusterResources } from "./cluster.ts";
import { coreResources } from "./core.ts";
import { structNamed } from "./link.ts";
import { packageOf } from "./row.ts";
import { workloadResources } from "./workloads.ts";

export const builtinResources: readonly Resource[] = [
  ...coreResources,
  ...workloadResources,
  ...clusterResources,
  ...accessResources,
];

/**
 * The type of a body by its `apiVersion` and `kind`: resources and their lists, bodies that are never stored (Eviction,
 * TokenRequest, Scale), and meta kinds (Status, DeleteOptions, Table), which are valid under every group's version.
 */
export function typeOf(apiVersion: string, kind: string): StructNode | undefined {
  const slash = apiVersion.indexOf("/");
  const group = slash < 0 ? "" : apiVersion.slice(0, slash);
  const version = apiVersion.slice(slash + 1);
  const own = structNamed(`${packageOf({ group, version })}.${kind}`);
  return isBody(own) ? own : bodyOf(structNamed(`meta/v1.${kind}`));
}

function bodyOf(type?: StructNode): StructNode | undefined {
  return isBody(type) ? type : undefined;
}

/** Only types that name themselves (or WatchEvent, which wraps those) may be a whole body. */
function isBody(type?: StructNode): boolean {
  return type !== undefined &&
    (type.fields.has("kind") && type.fields.has("apiVersion") || type.name === "meta/v1.WatchEvent");
}
