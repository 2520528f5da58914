/**
 * Which thresholds are crossed, since when, and what the Node says of it. No I/O; the time is an argument.
 *
 * Laws: a hard threshold is due at once, a soft one when it was crossed for its whole grace; one that was crossed is over
 * only when the minimum reclaim is there on top of it; a condition of the Node stays for the transition period after the
 * last crossing, so that it doesn't flap. Source: Kubernetes docs, "Node-pressure Eviction".
 */
import { type SignalName, type Threshold, unitsAt } from "../configuration/thresholds.ts";
import type { Observation } from "./signals.ts";

export type Pressure = Readonly<Record<PressureType, boolean>>;
type PressureType = "MemoryPressure" | "DiskPressure" | "PIDPressure";

export interface Crossing {
  readonly threshold: Threshold;
  readonly observation: Observation;
}

export class EvictionWatch {
  readonly #since = new Map<Threshold, number>();
  readonly #lastCrossed = new Map<PressureType, number>();

  constructor(readonly thresholds: readonly Threshold[], readonly transitionMs: number) {}

  /** Those that pods must go for now, memory first: it kills where the others only refuse. */
  look(observations: readonly Observation[], now: number): readonly Crossing[] {
    const crossings = this.thresholds.flatMap((threshold) => {
      const observation = observations.find(({ signal }) => signal === threshold.signal);
      if (!observation || !this.#isCrossed(threshold, observation)) {
        this.#since.delete(threshold);
        return [];
      }
      this.#since.set(threshold, this.#since.get(threshold) ?? now);
      this.#lastCrossed.set(pressureOf(threshold.signal), now);
      return [{ threshold, observation }];
    });
    return crossings.filter(({ threshold }) => now - this.#since.get(threshold)! >= threshold.graceMs)
      .sort((a, b) => rank(a) - rank(b));
  }

  pressure(now: number): Pressure {
    const holds = (type: PressureType) => {
      const last = this.#lastCrossed.get(type);
      const crossed = [...this.#since.keys()].some(({ signal }) => pressureOf(signal) === type);
      return crossed || (last !== undefined && now - last < this.transitionMs);
    };
    return {
      MemoryPressure: holds("MemoryPressure"),
      DiskPressure: holds("DiskPressure"),
      PIDPressure: holds("PIDPressure"),
    };
  }

  #isCrossed(threshold: Threshold, { available, capacity }: Observation): boolean {
    const { level, reclaim } = threshold;
    const more = this.#since.has(threshold) ? unitsAt(reclaim, capacity) : 0;
    return available < unitsAt(level, capacity) + more;
  }
}

function rank({ threshold: { signal, graceMs } }: Crossing): number {
  return (signal === "memory.available" ? 0 : 2) + (graceMs === 0 ? 0 : 1);
}

function pressureOf(signal: SignalName): PressureType {
  if (signal === "memory.available") return "MemoryPressure";
  return signal === "pid.available" ? "PIDPressure" : "DiskPressure";
}
