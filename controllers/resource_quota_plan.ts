/** `status` of a ResourceQuota: what the objects of its namespace use of it. Pure. */
import { text } from "../runtime/api/admission/quota/excess.ts";
import { inScope, type QuotaSpec } from "../runtime/api/admission/quota/scopes.ts";
import { countedKind, usageOfStored } from "../runtime/api/admission/quota/usage.ts";
import type { Stored } from "../runtime/schema/mod.ts";

/** A kind that a quota counts, as far as counting needs it. */
export interface Counted {
  readonly group: string;
  readonly plural: string;
}

export interface QuotaStatus {
  readonly hard: Record<string, string>;
  readonly used: Record<string, string>;
}

/** `pods`, `deployments.apps`: the kinds behind the names in `hard`, each once. */
export function kindsOf({ hard = {} }: QuotaSpec): readonly string[] {
  return [...new Set(Object.keys(hard).map(countedKind))];
}

/** `objects`: of the quota's namespace, by kind; a kind that is not served is absent and counts nothing. */
export function planQuotaStatus(
  spec: QuotaSpec,
  objects: ReadonlyMap<string, { readonly row: Counted; readonly objects: readonly Stored[] }>,
): QuotaStatus {
  const total = new Map<string, bigint>();
  for (const [kind, { row, objects: all }] of objects) {
    for (const object of all) {
      if (!inScope(spec, kind, object)) continue;
      for (const [name, amount] of usageOfStored(row, object)) total.set(name, (total.get(name) ?? 0n) + amount);
    }
  }
  const hard = Object.entries(spec.hard ?? {});
  return {
    hard: Object.fromEntries(hard.map(([name, amount]) => [name, String(amount)])),
    used: Object.fromEntries(hard.map(([name, amount]) => [name, text(total.get(name) ?? 0n, amount)])),
  };
}

/** Whether a change of an object changes what it uses. */
export function usesOtherwise(row: Counted, object: Stored, old: Stored): boolean {
  const [after, before] = [usageOfStored(row, object), usageOfStored(row, old)];
  return after.size !== before.size || [...after].some(([name, amount]) => before.get(name) !== amount);
}
