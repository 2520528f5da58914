/**
 * Serves what the stored CustomResourceDefinitions say: follows them in the watch cache, puts their rows into the
 * registry, and tells in their status whether it did.
 */
import type { Resource, Stored, TypeNode } from "../../schema/mod.ts";
import type { WatchCache } from "../cache/mod.ts";
import { cleanUp, cleanupFinalizer, patchDefinition } from "./cleanup.ts";
import type { Operations } from "../operations.ts";
import type { ResourceRegistry } from "../resource_registry.ts";
import { acceptance, statusOf } from "./definition_status.ts";
import { clusterView } from "../cluster_view.ts";
import { converterOf, type Converters } from "./conversion.ts";
import { type DefinitionSpec, rowsOf } from "./rows.ts";
import { sameJson } from "../objects/json_value.ts";

const group = "apiextensions.k8s.io";
const plural = "customresourcedefinitions";

export interface Registrar {
  readonly cache: WatchCache;
  readonly registry: ResourceRegistry;
  readonly operations: Operations;
  readonly now: () => number;
  readonly onTrouble: (error: unknown) => void;
}

/** What is stored is served when this returns; dispose to stop following. */
export function followDefinitions(options: Registrar): Disposable {
  const { cache, registry, onTrouble } = options;
  const definitions = registry.find(group, "v1", plural)!;
  const metadata = definitions.type.fields.get("metadata")!.type;
  const served = new Map<string, Serving>();
  const converters = { view: clusterView(registry, cache), random: Math.random };
  const context = { served, ending: new Set<string>(), metadata, definitions, converters };
  const follow = (object: Stored) => serve(options, context, object).catch(onTrouble);
  /** Names that were taken may be free now. */
  const reconsider = ({ group }: DefinitionSpec) => {
    for (const { path, object } of cache.resource(definitions.storagePrefix).list()) {
      if (!served.has(path) && (object.spec as unknown as DefinitionSpec).group === group) follow(object);
    }
  };
  const sink = {
    event: (type: string, { path, object }: { path: string; object: Stored }) => {
      if (type === "DELETED") {
        withdraw(options, served, path);
        return reconsider(object.spec as unknown as DefinitionSpec);
      }
      follow(object);
    },
    bookmark: () => {},
    closed: () => {},
  };
  return cache.resource(definitions.storagePrefix).watch({ selection: { folder: "" }, sink, bookmarks: false }, 0);
}

function ended({ cache }: Registrar, { storagePrefix }: Resource, name: string): boolean {
  return cache.resource(storagePrefix).get(name)?.object.metadata.deletionTimestamp !== undefined;
}

interface Serving {
  readonly spec: unknown;
  readonly rows: readonly Resource[];
}

interface Context {
  readonly served: Map<string, Serving>;
  /** Definitions whose objects are being removed: their own conditions are no news. */
  readonly ending: Set<string>;
  readonly metadata: TypeNode;
  readonly definitions: Resource;
  readonly converters: Converters;
}

async function serve(
  options: Registrar,
  { served, ending, metadata, definitions, converters }: Context,
  object: Stored,
): Promise<void> {
  const { name } = object.metadata;
  const spec = object.spec as unknown as DefinitionSpec;
  const before = served.get(name);
  const accepted = acceptance(options.registry, spec, before?.rows ?? []);
  if (accepted.ok && !sameJson(before?.spec, spec)) {
    const rows = rowsOf(spec, {
      metadata,
      convert: converterOf(spec, converters),
      ending: () => ended(options, definitions, name),
    });
    for (const { storagePrefix } of rows) options.cache.resource(storagePrefix);
    const gone = (before?.rows ?? []).filter((old) => !rows.some(({ version }) => version === old.version));
    served.set(name, { spec, rows });
    if (gone.length > 0) options.registry.remove(gone);
    options.registry.put(rows);
  }
  if (object.metadata.deletionTimestamp) {
    if (ending.has(name)) return;
    ending.add(name);
    return await cleanUp(options, definitions, object, served.get(name)?.rows ?? []).finally(() => ending.delete(name));
  }
  const status = statusOf(object, spec, accepted, options.now());
  if (!sameJson(status, object.status)) await patchDefinition(options, definitions, name, { status }, "status");
  if (!object.metadata.finalizers?.includes(cleanupFinalizer)) {
    const finalizers = [...object.metadata.finalizers ?? [], cleanupFinalizer];
    await patchDefinition(options, definitions, name, { metadata: { finalizers } });
  }
}

function withdraw({ registry, cache }: Registrar, served: Map<string, Serving>, name: string): void {
  const rows = served.get(name)?.rows ?? [];
  served.delete(name);
  registry.remove(rows);
  for (const { storagePrefix } of rows) cache.resource(storagePrefix).closeWatches();
}
