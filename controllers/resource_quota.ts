/**
 * ResourceQuota: keeps `status.used` for people to read. The gate at the API counts for itself, with the same functions.
 *
 * Law: a kind is watched from when the first quota counts it; a burst of changes is one count.
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
  type Signalled,
  signalled,
} from "../runtime/loop/mod.ts";
import { text } from "../runtime/api/admission/quota/excess.ts";
import { inScope, type QuotaSpec } from "../runtime/api/admission/quota/scopes.ts";
import { countedKind, usageOfStored } from "../runtime/api/admission/quota/usage.ts";

/** A count waits this long for more of the same burst. */
const burstMs = 200;

export function resourceQuotas(): Controller {
  const counted = signalled();
  let watched = new Set<string>();
  return controller(ResourceQuota, {
    name: "resourcequota",
    watches: [counted, reads(CustomResourceDefinition)],
    start() {
      watched = new Set();
    },
    async reconcile(key, scope): Promise<Outcome> {
      const quota = scope.read(key);
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
      await scope.status(quota, { ...quota.status, hard: { ...hard }, used });
      return done;
    },
  });
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
