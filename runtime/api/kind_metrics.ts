/** What the watch cache knows of every stored kind, under upstream's names; read when somebody asks for `/metrics`. */
import { Counter, Gauge, type Registry } from "prom-client";
import type { Resource } from "../schema/mod.ts";
import type { ResourceCache, WatchCache } from "./cache/mod.ts";
import type { ResourceRegistry } from "./resource_registry.ts";

interface KindMetric {
  readonly name: string;
  readonly help: string;
  readonly type: typeof Counter | typeof Gauge;
  readonly labels: (row: Resource) => Readonly<Record<string, string>>;
  /** `undefined`: nothing to tell of this kind. */
  readonly value: (held: ResourceCache) => number | undefined;
}

const versioned = ({ group, version, plural }: Resource) => ({ group, version, resource: plural });

const metrics: readonly KindMetric[] = [
  {
    name: "apiserver_longrunning_requests",
    help: "Gauge of all active watches broken out by group, version and resource.",
    type: Gauge,
    labels: (row) => ({ verb: "WATCH", ...versioned(row) }),
    value: ({ watchers }) => watchers || undefined,
  },
  {
    name: "apiserver_watch_events_total",
    help: "Number of events sent in watch clients, broken out by group, version and resource.",
    type: Counter,
    labels: versioned,
    value: ({ delivered }) => delivered || undefined,
  },
  {
    name: "apiserver_resource_objects",
    help: "Number of stored objects at the time of last check split by kind.",
    type: Gauge,
    labels: ({ group, plural }) => ({ group, resource: plural }),
    value: ({ size }) => size,
  },
  {
    name: "apiserver_storage_objects",
    help: "As apiserver_resource_objects, which took its place.",
    type: Gauge,
    labels: ({ group, plural }) => ({ resource: group ? `${plural}.${group}` : plural }),
    value: ({ size }) => size,
  },
];

interface Observed {
  readonly cache: WatchCache;
  readonly resources: Pick<ResourceRegistry, "all">;
}

export function kindMetrics(registry: Registry, observed: Observed): void {
  for (const { name, help, type: Metric, labels, value } of metrics) {
    new Metric({
      name,
      help,
      labelNames: ["verb", "group", "version", "resource"],
      registers: [registry],
      collect() {
        this.reset();
        for (const { row, held } of storedKinds(observed)) {
          const figure = value(held);
          if (figure !== undefined) this.inc(labels(row), figure);
        }
      },
    });
  }
}

/** Each stored kind once, under the first of its versions, with what the cache holds of it. */
function storedKinds({ resources, cache }: Observed): { row: Resource; held: ResourceCache }[] {
  const held = new Map([...cache.resources()].map((resource) => [resource.prefix, resource]));
  const found = [];
  for (const row of resources.all()) {
    const resource = held.get(row.storagePrefix);
    if (resource && held.delete(row.storagePrefix)) found.push({ row, held: resource });
  }
  return found;
}
