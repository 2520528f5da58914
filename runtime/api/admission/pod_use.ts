/**
 * What a pod asks for and is limited to as a whole: its containers together, or its largest step of initialisation where
 * that is more. Init containers that stay (sidecars) count with both (KEP-753), and a pod's own word counts before its
 * containers' (KEP-2837).
 */
import { formatQuantity, parseQuantity, type Quantity } from "../../schema/mod.ts";
import type { Amounts, Use } from "./limit_bounds.ts";

export interface Container {
  readonly name: string;
  readonly restartPolicy?: string;
  resources?: { requests?: Amounts; limits?: Amounts };
}

export interface PodUse {
  spec?: {
    readonly containers?: Container[];
    readonly initContainers?: Container[];
    readonly overhead?: Amounts;
    readonly resources?: { requests?: Amounts; limits?: Amounts };
  };
}

type Sum = Map<string, Quantity>;
type Side = "requests" | "limits";

export function useOfPod(pod: PodUse): Use {
  return { requests: amountsOf(sumOfPod(pod, "requests")), limits: amountsOf(sumOfPod(pod, "limits")) };
}

export function sumOfPod({ spec }: PodUse, side: Side): Sum {
  const running: Sum = new Map();
  for (const { resources } of spec?.containers ?? []) add(running, resources?.[side]);
  const staying: Sum = new Map();
  const starting: Sum = new Map();
  for (const { resources, restartPolicy } of spec?.initContainers ?? []) {
    const step = new Map(staying);
    add(step, resources?.[side]);
    raise(starting, step);
    if (restartPolicy !== "Always") continue;
    add(running, resources?.[side]);
    add(staying, resources?.[side]);
  }
  raise(running, starting);
  for (const [name, amount] of Object.entries(spec?.resources?.[side] ?? {})) running.set(name, parseQuantity(amount));
  if (running.size > 0) addOverhead(running, spec?.overhead, side);
  return running;
}

/** Overhead raises a limit only where there is one. */
function addOverhead(sum: Sum, overhead: Amounts | undefined, side: Side): void {
  const counted = Object.entries(overhead ?? {}).filter(([name]) => side === "requests" || sum.has(name));
  add(sum, Object.fromEntries(counted));
}

function add(sum: Sum, amounts: Amounts | undefined): void {
  for (const [name, text] of Object.entries(amounts ?? {})) {
    const { nano, format } = parseQuantity(text);
    const before = sum.get(name);
    sum.set(name, before ? { nano: before.nano + nano, format: before.format } : { nano, format });
  }
}

function raise(sum: Sum, other: Sum): void {
  for (const [name, amount] of other) if ((sum.get(name)?.nano ?? -1n) < amount.nano) sum.set(name, amount);
}

function amountsOf(sum: Sum): Amounts {
  return Object.fromEntries([...sum].map(([name, amount]) => [name, formatQuantity(amount)]));
}
