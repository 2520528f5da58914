/** What the agent has done since it began, counted for who asks it for its metrics. Labels are few: so it stays small. */
import { type Durations, measure, noDurations } from "./durations.ts";

export type Labels = Readonly<Record<string, string>>;

export interface Counted<T> {
  readonly name: string;
  readonly labels: Labels;
  readonly value: T;
}

export class Tally {
  readonly #counts = new Map<string, { name: string; labels: Labels; value: number }>();
  readonly #durations = new Map<string, Counted<Durations>>();

  add(name: string, labels: Labels = {}): void {
    const key = keyOf(name, labels);
    const counted = this.#counts.get(key) ?? { name, labels, value: 0 };
    counted.value += 1;
    this.#counts.set(key, counted);
  }

  took(name: string, seconds: number, labels: Labels = {}): void {
    const key = keyOf(name, labels);
    const known = this.#durations.get(key) ?? { name, labels, value: noDurations() };
    this.#durations.set(key, known);
    measure(known.value, seconds);
  }

  counts(name: string): readonly Counted<number>[] {
    return [...this.#counts.values()].filter((one) => one.name === name);
  }

  durations(name: string): readonly Counted<Durations>[] {
    return [...this.#durations.values()].filter((one) => one.name === name);
  }
}

function keyOf(name: string, labels: Labels): string {
  return JSON.stringify([name, labels]);
}
