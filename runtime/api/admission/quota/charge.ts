/** What one write takes of a quota, what it frees, and why it may not. Pure. */
import { groupResourceOf, type KubeObject, type Stored } from "../../../schema/mod.ts";
import type { Reserving } from "../../objects/machinery.ts";
import { excess, unsaid } from "./excess.ts";
import { inScope, type QuotaSpec } from "./scopes.ts";
import { growth, type Usage, usageOf, usageOfStored } from "./usage.ts";

export interface Quota extends Stored {
  spec?: QuotaSpec;
  status?: { hard?: Record<string, string | number>; used?: Record<string, string | number> };
}

/** Is there anything to look at? Most writes change nothing that anybody counts. */
export function concerns(spec: QuotaSpec, write: Reserving): boolean {
  return taken(spec, write).size > 0 || freed(spec, write).size > 0 || mustSay(spec, write);
}

/** By names that the quota limits; what the stored object takes already is left out. */
export function taken(spec: QuotaSpec, { resource, object, old }: Reserving): Usage {
  return growth(usageIn(spec, object, resource), usageIn(spec, old, resource));
}

export function freed(spec: QuotaSpec, { resource, object, old }: Reserving): Usage {
  return growth(usageIn(spec, old, resource), usageIn(spec, object, resource));
}

const nothing: Usage = new Map();

function usageIn(spec: QuotaSpec, object: KubeObject | undefined, resource: Reserving["resource"]): Usage {
  if (!object || !inScope(spec, groupResourceOf(resource), object)) return nothing;
  // A stored object is frozen; its use is known from the last time.
  const usage = Object.isFrozen(object) ? usageOfStored(resource, object) : usageOf(resource, object);
  const hard = spec.hard ?? {};
  return new Map([...usage].filter(([name]) => name in hard));
}

/** `used`: by whoever came before. `undefined`: there is room. */
export function refusal({ metadata, spec = {} }: Quota, write: Reserving, used: Usage): string | undefined {
  const { hard = {} } = spec;
  const silent = mustSay(spec, write) ? unsaid(metadata.name, hard, containersOf(write.object!)) : undefined;
  return silent ?? excess({ quota: metadata.name, hard, used, wanted: taken(spec, write) });
}

/** New pods say what they need of what is limited. */
function mustSay(spec: QuotaSpec, { resource, object, old }: Reserving): boolean {
  if (!object || old || groupResourceOf(resource) !== "pods") return false;
  return Object.keys(spec.hard ?? {}).some(isCompute) && inScope(spec, "pods", object);
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
