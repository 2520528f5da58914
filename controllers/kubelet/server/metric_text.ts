/** Figures in Prometheus' text format. Pure. */

import { durationBounds, type Durations } from "../node/durations.ts";

export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  /** Of a histogram: `_bucket`, `_sum` or `_count`. */
  readonly part?: string;
  readonly labels?: Labels;
  readonly value: number;
  /** When it was measured, in milliseconds since the epoch. Absent: when it is asked for. */
  readonly at?: number;
}

export interface Family {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
}

export const metricText = "text/plain; version=0.0.4; charset=utf-8";

export function histogramSamples(labels: Labels, { within, count, seconds }: Durations): Sample[] {
  const bounds = [...durationBounds.map(String), "+Inf"];
  return [
    ...[...within, count].map((value, index) => ({
      part: "_bucket",
      labels: { ...labels, le: bounds[index]! },
      value,
    })),
    { part: "_sum", labels, value: seconds },
    { part: "_count", labels, value: count },
  ];
}

/** A family without samples is left out. */
export function metricFamily({ name, type, help }: Family, samples: readonly Sample[]): string {
  if (samples.length === 0) return "";
  const lines = samples.map(({ part = "", labels, value, at }) =>
    `${name}${part}${labelText(labels)} ${value}${at === undefined ? "" : ` ${Math.floor(at)}`}`
  );
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines, ""].join("\n");
}

/** In the order of their names, as everybody writes them. */
function labelText(labels: Labels = {}): string {
  const pairs = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}="${escape(value)}"`);
  return pairs.length > 0 ? `{${pairs.join(",")}}` : "";
}

function escape(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
