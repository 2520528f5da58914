/**
 * ResourceQuota: counts what is there, for a quota that is new or changed, and puts right what the ledger of the API servers
 * (`runtime/api/admission/quota`) says too much because one of them died in the middle of a write.
 *
 * Laws: a kind is watched from when the first quota counts it; a burst of changes is one count; an amount is made smaller
 * only when the quota did not change for longer than a write takes: it may be reserved for one that is under way.
 *
 * Source: Resource Quotas (https://kubernetes.io/docs/concepts/policy/resource-quotas/).
 */
import type { IResourceQuota } from "kubernetes-models/v1/ResourceQuota";
import * as kinds from "../runtime/schema/kinds.ts";
import {
  CustomResourceDefinition,
  groupResourceOf,
  keyOf,
  type Kind,
  kind,
  type KubeObject,
  parseQuantity,
  ResourceQuota,
  type Stored,
} from "../runtime/schema/mod.ts";
import {
  type Controller,
  controller,
  done,
  type LoopContext,
  type Outcome,
  reads,
  requeueAfter,
  type Signalled,
  signalled,
} from "../runtime/loop/mod.ts";
import { text } from "../runtime/api/admission/quota/excess.ts";
import { inScope, type QuotaSpec } from "../runtime/api/admission/quota/scopes.ts";
import { countedKind, usageOfStored } from "../runtime/api/admission/quota/usage.ts";

/** A count waits this long for more of the same burst. */
const burstMs = 200;

/** Longer than a write takes. */
const settledMs = 10_000;

/** A quota that says more than there is. */
interface Surplus {
  readonly resourceVersion: string;
  readonly sinceMs: number;
}

export function resourceQuotas(): Controller {
  const counted = signalled();
  let watched = new Set<string>();
  let surplus = new Map<string, Surplus>();
  return controller(ResourceQuota, {
    name: "resourcequota",
    watches: [counted, reads(CustomResourceDefinition)],
    start() {
      watched = new Set();
      surplus = new Map();
    },
    async reconcile(key, scope): Promise<Outcome> {
      const quota = scope.read(key);
      const before = surplus.get(key);
      surplus.delete(key);
      if (!quota?.spec) return done;
      const { hard = {} } = quota.spec as QuotaSpec;
      const used: Record<string, string> = {};
      for (const [name, names] of Map.groupBy(Object.keys(hard), countedKind)) {
        const counting = kindOf(name, scope);
        if (!counting) continue;
        if (!watched.has(name)) await watch(counting, counted, scope);
        watched.add(name);
        const total = totalOf(counting, quota, scope);
        for (const resource of names) used[resource] = text(total.get(resource) ?? 0n, hard[resource]!);
      }
      const { resourceVersion = "" } = quota.metadata;
      const now = scope.clock.now();
      const { sinceMs } = before?.resourceVersion === resourceVersion ? before : { sinceMs: now };
      const left = sinceMs + settledMs - now;
      const waits = left > 0 && saysMore(quota.status?.used ?? {}, used);
      if (waits) surplus.set(key, { resourceVersion, sinceMs });
      await scope.status(quota, { ...quota.status, hard: { ...hard }, used: waits ? larger(quota, used) : used });
      return waits ? requeueAfter(left) : done;
    },
  });
}

type Amounts = Readonly<Record<string, string | number>>;

function saysMore(said: Amounts, counted: Amounts): boolean {
  return Object.entries(counted).some(([name, amount]) => isMore(said[name] ?? 0, amount));
}

function isMore(one: string | number, other: string | number): boolean {
  return parseQuantity(one).nano > parseQuantity(other).nano;
}

function larger({ status }: Stored<IResourceQuota>, counted: Amounts): Amounts {
  const said = (status?.used ?? {}) as Amounts;
  const pick = (
    [name, amount]: [string, string | number],
  ) => [name, isMore(said[name] ?? 0, amount) ? said[name] : amount];
  return Object.fromEntries(Object.entries(counted).map(pick));
}

const builtin = new Map(
  Object.values(kinds).filter((one) => typeof one !== "function").map((one: Kind<unknown>) =>
    [groupResourceOf({ group: groupOf(one), plural: one.plural }), one] as const
  ),
);

function groupOf({ apiVersion }: Kind<unknown>): string {
  return apiVersion.includes("/") ? apiVersion.split("/")[0]! : "";
}

/** `deployments.apps`; custom resources have the name of their definition. */
function kindOf(name: string, { informers }: LoopContext): Kind<unknown> | undefined {
  const known = builtin.get(name);
  if (known) return known;
  const { spec } = informers.of(CustomResourceDefinition).get(name) ?? {};
  const version = spec?.versions.find(({ storage }) => storage)?.name;
  if (!spec || !version || spec.scope !== "Namespaced") return undefined;
  return kind(`${spec.group}/${version}`, spec.names.kind, spec.names.plural, true);
}

/** From now on a change of the kind makes the quotas of its namespace due. */
async function watch(counting: Kind<unknown>, counted: Signalled, { informers, signal }: LoopContext): Promise<void> {
  const informer = informers.of(counting);
  const quotas = informers.of(ResourceQuota);
  const handler = informer.onChange(({ object }) => {
    for (const quota of quotas.list(object.metadata.namespace)) counted.signal(keyOf(quota), { afterMs: burstMs });
  });
  signal.addEventListener("abort", () => handler[Symbol.dispose](), { once: true });
  await informer.synced;
}

function totalOf(counting: Kind<unknown>, quota: Stored<IResourceQuota>, { informers }: LoopContext) {
  const row = { group: groupOf(counting), plural: counting.plural };
  const total = new Map<string, bigint>();
  for (const object of informers.of(counting).list(quota.metadata.namespace) as Stored[]) {
    if (!inScope(quota.spec as QuotaSpec, groupResourceOf(row), object as KubeObject)) continue;
    for (const [name, amount] of usageOfStored(row, object)) total.set(name, (total.get(name) ?? 0n) + amount);
  }
  return total;
}
