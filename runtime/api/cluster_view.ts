/** The cluster as admission and others look things up in it: synchronous, from the watch cache. */
import type { Stored } from "../schema/mod.ts";
import type { ClusterView } from "./admission/admission.ts";
import type { ResourceCache, WatchCache } from "./cache/mod.ts";
import type { ResourceRegistry } from "./resource_registry.ts";

export function clusterView(registry: ResourceRegistry, cache: WatchCache): ClusterView {
  const caches = new Map<string, ResourceCache | undefined>();
  registry.onChange(() => caches.clear());
  const cacheFor = (group: string, plural: string) => {
    const key = `${group}/${plural}`;
    if (!caches.has(key)) {
      const row = registry.all().find((row) => row.group === group && row.plural === plural);
      caches.set(key, row && cache.resource(row.storagePrefix));
    }
    return caches.get(key);
  };
  return {
    get: (group, plural, namespace, name) => cacheFor(group, plural)?.get(pathIn(namespace, name))?.object,
    list: (group, plural, namespace) => {
      const folder = namespace ? `${namespace}/` : "";
      return (cacheFor(group, plural)?.list(folder) ?? []).map(({ object }) => object);
    },
    async appears(group, plural, namespace, name, ms) {
      const found = cacheFor(group, plural);
      return found && await appears(found, pathIn(namespace, name), ms);
    },
  };
}

function pathIn(namespace: string, name: string): string {
  return namespace ? `${namespace}/${name}` : name;
}

function appears(cache: ResourceCache, path: string, ms: number): Promise<Stored | undefined> {
  const { promise, resolve } = Promise.withResolvers<Stored | undefined>();
  const timer = setTimeout(() => resolve(undefined), ms);
  const sink = {
    event: (type: string, revision: { path: string; object: Stored }) => {
      if (revision.path === path && type !== "DELETED") resolve(revision.object);
    },
    bookmark: () => {},
    closed: () => resolve(undefined),
  };
  const watch = cache.watch({ selection: { folder: "" }, sink, bookmarks: false }, 0);
  return promise.finally(() => {
    clearTimeout(timer);
    watch[Symbol.dispose]();
  });
}
