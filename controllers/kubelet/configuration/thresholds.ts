/**
 * Thresholds at which pods are evicted, as a KubeletConfiguration names them. Pure.
 *
 * Source: Kubernetes docs, "Node-pressure Eviction", signals and thresholds.
 */
import { unitsOf } from "../../../runtime/schema/quantity.ts";
import { defaultEvictionHard, type NodeConfiguration } from "./document.ts";
import { msOf } from "./duration.ts";

export const signalNames = [
  "memory.available",
  "nodefs.available",
  "nodefs.inodesFree",
  "imagefs.available",
  "imagefs.inodesFree",
  "pid.available",
] as const;

export type SignalName = typeof signalNames[number];

/** So much, or such a share of what there is at all. */
export type Level = { readonly units: number } | { readonly share: number };

export interface Threshold {
  readonly signal: SignalName;
  readonly level: Level;
  /** As long it must be so before a pod goes. 0: at once, a hard one. */
  readonly graceMs: number;
  /** So much more than the threshold must be there until it is over. */
  readonly reclaim: Level;
}

type EvictionSettings = Pick<
  NodeConfiguration,
  | "evictionHard"
  | "evictionSoft"
  | "evictionSoftGracePeriod"
  | "evictionMinimumReclaim"
  | "mergeDefaultEvictionSettings"
>;

/** Without `evictionHard` the defaults hold; with it what it doesn't name is no threshold, unless it is to be merged. */
export function hardSignals(settings: EvictionSettings): Readonly<Record<string, string>> {
  const { evictionHard, mergeDefaultEvictionSettings } = settings;
  if (evictionHard === undefined) return defaultEvictionHard;
  return mergeDefaultEvictionSettings ? { ...defaultEvictionHard, ...evictionHard } : evictionHard;
}

/** Of settings that were checked. Hard ones first. */
export function thresholdsOf(settings: EvictionSettings): Threshold[] {
  const { evictionSoft, evictionSoftGracePeriod, evictionMinimumReclaim } = settings;
  const all = [
    ...Object.entries(hardSignals(settings)).map(([signal, text]) => ({ signal, text, graceMs: 0 })),
    ...Object.entries(evictionSoft).map(([signal, text]) => ({
      signal,
      text,
      graceMs: msOf(evictionSoftGracePeriod[signal] ?? "0s"),
    })),
  ];
  return all.map(({ signal, text, graceMs }) => ({
    signal: signal as SignalName,
    level: levelOf(text)!,
    graceMs,
    reclaim: levelOf(evictionMinimumReclaim[signal] ?? "0")!,
  })).filter(({ level }) => unitsAt(level, 1) > 0);
}

/** `100Mi`, `10%`; `undefined`: neither, or less than nothing. */
export function levelOf(text: string): Level | undefined {
  const [, percent] = /^(\d+(?:\.\d+)?)%$/.exec(text) ?? [];
  if (percent !== undefined) return Number(percent) <= 100 ? { share: Number(percent) / 100 } : undefined;
  try {
    const units = unitsOf(text);
    return units >= 0 ? { units } : undefined;
  } catch {
    return undefined;
  }
}

export function unitsAt(level: Level, capacity: number): number {
  return "units" in level ? level.units : level.share * capacity;
}
