/** How many seats a request takes: a list takes more, by how many objects it may have to walk (KEP-1040, "Width"). */
import type { Attributes } from "../../auth/user.ts";
import type { WatchCache } from "../cache/mod.ts";
import type { ResourceRegistry } from "../resource_registry.ts";

const objectsPerSeat = 100;
const widest = 10;

export function widths(registry: ResourceRegistry, cache: WatchCache): (asked: Attributes) => number {
  return ({ verb, resource }) => {
    if (verb !== "list" || !resource) return 1;
    const row = registry.find(resource.group, resource.version, resource.plural);
    const objects = row?.storagePrefix ? cache.resource(row.storagePrefix).size : 0;
    return Math.max(1, Math.min(widest, Math.ceil(objects / objectsPerSeat)));
  };
}
