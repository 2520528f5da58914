/**
 * ResourceQuota: no write that takes a namespace over what it may hold.
 *
 * It is an allocator and not a plugin, because what it grants must stay granted while the write is under way. It counts
 * what is stored, as the watch cache has it, and what is being written; it does not trust `status.used`, which a loop
 * keeps for people a moment later. Writes that race for the last place are therefore decided one by one, in order.
 */
import { groupResourceOf, type KubeObject, type Resource, type Stored } from "../../../schema/mod.ts";
import type { WatchCache } from "../../cache/mod.ts";
import { type Allocator, pathOf, type Reservation } from "../../objects/machinery.ts";
import { forbidden } from "../../objects/refusals.ts";
import type { ClusterView } from "../admission.ts";
import { excess, unsaid } from "./excess.ts";
import { inScope, type QuotaSpec } from "./scopes.ts";
import { growth, type Usage, usageOf, usageOfStored } from "./usage.ts";

interface Quota extends Stored {
  spec?: QuotaSpec;
}

/** A write under way, or one whose result the cache does not show yet. */
interface Pending {
  readonly kind: string;
  readonly namespace: string;
  readonly path: string;
  readonly object: KubeObject;
  /** Of the write, when it is stored. */
  revision?: number;
}

export function resourceQuota(view: ClusterView, cache: WatchCache): Allocator {
  const pending = new Set<Pending>();
  return {
    reserve({ resource, object, old }) {
      const namespace = object?.metadata?.namespace;
      if (!object || !namespace || !resource.namespaced) return undefined;
      const quotas = view.list("", "resourcequotas", namespace) as Quota[];
      if (quotas.length === 0) return undefined;
      for (const one of pending) if (one.revision !== undefined && one.revision <= cache.revision) pending.delete(one);
      const write = { resource, object, old, namespace };
      const touched = quotas.filter((quota) => check(quota, write, view, pending));
      return touched.length > 0 ? hold(pending, write) : undefined;
    },
  };
}

interface Write {
  readonly resource: Resource;
  readonly object: KubeObject;
  readonly old?: Stored;
  readonly namespace: string;
}

function hold(pending: Set<Pending>, { resource, object, namespace }: Write): Reservation {
  const path = pathOf({ namespace, name: object.metadata!.name! });
  const entry: Pending = { kind: groupResourceOf(resource), namespace, path, object };
  pending.add(entry);
  return {
    keep: (revision) => void (entry.revision = revision),
    giveBack: () => void pending.delete(entry),
  };
}

/** Whether the write takes anything of the quota. Throws Forbidden when there is no room for it. */
function check({ metadata, spec = {} }: Quota, write: Write, view: ClusterView, pending: Set<Pending>): boolean {
  const { resource, object, old, namespace } = write;
  const { hard = {} } = spec;
  const kind = groupResourceOf(resource);
  if (!inScope(spec, kind, object)) return false;
  const usage = usageOf(resource, object);
  const before = old && inScope(spec, kind, old) ? usageOfStored(resource, old) : undefined;
  const wanted = growth(usage, before);
  if (!Object.keys(hard).some((name) => wanted.has(name) || kind === "pods" && !old && isCompute(name))) return false;
  const refuse = (why: string | undefined) => {
    if (why) throw forbidden(resource, object.metadata!.name!, why);
  };
  if (kind === "pods" && !old) refuse(unsaid(metadata.name, hard, containersOf(object)));
  const used = totalUse(spec, { resource, kind, namespace }, view, pending);
  refuse(excess({ quota: metadata.name, hard, used, wanted }));
  return true;
}

function isCompute(name: string): boolean {
  return /(^|\.)(cpu|memory|ephemeral-storage)$/.test(name);
}

function containersOf({ spec }: KubeObject) {
  type Containers = Parameters<typeof unsaid>[2];
  const { containers = [], initContainers = [] } = (spec ?? {}) as {
    containers?: Containers;
    initContainers?: Containers;
  };
  return [...containers, ...initContainers];
}

interface Counted {
  readonly resource: Resource;
  readonly kind: string;
  readonly namespace: string;
}

function totalUse(spec: QuotaSpec, { resource, kind, namespace }: Counted, view: ClusterView, pending: Set<Pending>) {
  const total = new Map<string, bigint>();
  const late = [...pending].filter((one) => one.kind === kind && one.namespace === namespace);
  const replaced = new Set(late.map(({ path }) => path));
  for (const object of view.list(resource.group, resource.plural, namespace)) {
    const path = pathOf({ namespace, name: object.metadata.name });
    if (!replaced.has(path) && inScope(spec, kind, object)) addTo(total, usageOfStored(resource, object));
  }
  const current = (path: string) =>
    view.get(resource.group, resource.plural, namespace, path.slice(namespace.length + 1));
  for (const { object, path } of late) {
    const shown = current(path);
    const uses = [object, shown].filter((one) => one !== undefined && inScope(spec, kind, one));
    addTo(total, largest(uses.map((one) => usageOf(resource, one!))));
  }
  return total;
}

/** A change under way may or may not come to be: the larger counts. */
function largest(uses: readonly Usage[]): Usage {
  const most = new Map<string, bigint>();
  for (const use of uses) {
    for (const [name, amount] of use) if (amount > (most.get(name) ?? -1n)) most.set(name, amount);
  }
  return most;
}

function addTo(total: Map<string, bigint>, usage: Usage): void {
  for (const [name, amount] of usage) total.set(name, (total.get(name) ?? 0n) + amount);
}
