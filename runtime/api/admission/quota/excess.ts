/** Whether a quota leaves room for more, in upstream's words where it does not. Pure. */
import { formatQuantity, parseQuantity } from "../../../schema/mod.ts";
import type { Usage } from "./usage.ts";

export interface Room {
  readonly quota: string;
  readonly hard: Readonly<Record<string, string | number>>;
  /** What everything else in the quota's scope uses already. */
  readonly used: Usage;
  /** What is asked for on top. */
  readonly wanted: Usage;
}

/** `undefined`: there is room. */
export function excess({ quota, hard, used, wanted }: Room): string | undefined {
  const over = Object.keys(hard).filter((name) => {
    const more = wanted.get(name) ?? 0n;
    return more > 0n && (used.get(name) ?? 0n) + more > parseQuantity(hard[name]!).nano;
  }).sort();
  if (over.length === 0) return undefined;
  const listed = (amounts: Usage) =>
    over.map((name) => `${name}=${text(amounts.get(name) ?? 0n, hard[name]!)}`).join(",");
  const limited = over.map((name) => `${name}=${hard[name]}`).join(",");
  return `exceeded quota: ${quota}, requested: ${listed(wanted)}, used: ${listed(used)}, limited: ${limited}`;
}

/** As the quota writes its own amounts: memory in Mi where the limit is. */
export function text(nano: bigint, like: string | number): string {
  return formatQuantity({ nano, format: parseQuantity(like).format });
}

interface Container {
  readonly name: string;
  readonly resources?: { readonly requests?: object; readonly limits?: object };
}

const compute = /^(?:(requests|limits)\.)?(cpu|memory|ephemeral-storage)$/;

/** A pod must say what it uses of everything that the quota counts; `undefined`: it does. */
export function unsaid(
  quota: string,
  hard: Readonly<Record<string, unknown>>,
  containers: readonly Container[],
): string | undefined {
  const missing = Object.keys(hard).sort().flatMap((name) => {
    const [, side = "requests", resource] = compute.exec(name) ?? [];
    if (!resource) return [];
    const silent = containers.filter(({ resources }) =>
      !(resource in (resources?.[side as "requests" | "limits"] ?? {}))
    );
    return silent.length > 0 ? [`${name} for: ${silent.map((container) => container.name).join(",")}`] : [];
  });
  return missing.length > 0 ? `failed quota: ${quota}: must specify ${missing.join("; ")}` : undefined;
}
