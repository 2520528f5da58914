/** Which fields of a KubeletConfiguration say something that nobody here listens to. Pure. */
import { sameJson } from "../../../runtime/loop/mod.ts";
import { holdsAnyway, reservedParts, schema } from "./document.ts";

/** Fields that are heard, and which of their own fields; `true`: all of them. */
type Heard = { readonly [field: string]: true | Heard };

const resources: Heard = { cpu: true, memory: true, "ephemeral-storage": true };

const heard: Heard = {
  ...Object.fromEntries(Object.keys(schema.shape).map((field) => [field, true as const])),
  authentication: { anonymous: { enabled: true }, webhook: { enabled: true } },
  authorization: { mode: true },
  systemReserved: resources,
  kubeReserved: resources,
};

export function ignoredFields(said: Record<string, unknown>): string[] {
  const news = Object.entries(said).filter(([field, value]) => !sameJson(holdsAnyway[field], value));
  return [...unheard(Object.fromEntries(news), heard, ""), ...unenforced(said)].sort();
}

function unenforced({ enforceNodeAllocatable: parts }: Record<string, unknown>): string[] {
  return reservedParts.filter((part) => Array.isArray(parts) && parts.includes(part))
    .map((part) => `enforceNodeAllocatable[${part}]`);
}

function unheard(value: unknown, known: Heard, path: string): string[] {
  return Object.entries(value ?? {}).filter(([, inner]) => saysSomething(inner)).flatMap(([field, inner]) => {
    const own = known[field];
    if (own === true) return [];
    return own ? unheard(inner, own, `${path}${field}.`) : [path + field];
  });
}

/** Files that tools write name every field; an empty value says nothing. */
function saysSomething(value: unknown): boolean {
  if (value === undefined || value === null || ["", 0, "0", "0s"].includes(value as string)) return false;
  return typeof value === "object" ? Object.values(value).some(saysSomething) : true;
}
