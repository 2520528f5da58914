/**
 * Completion indexes of an Indexed Job: of a pod, and as the text that `completedIndexes` and `failedIndexes` hold. Pure.
 *
 * Source: batch/v1 JobStatus `completedIndexes`, KEP-2214.
 */
import type { PodObject } from "../objects/pod_state.ts";

export const indexAnnotation = "batch.kubernetes.io/job-completion-index";

/** -1 where the pod has none, or none that the Job can use. */
export function indexOf(pod: PodObject, completions = Infinity): number {
  const text = pod.metadata.annotations?.[indexAnnotation] ?? "";
  const index = /^\d+$/.test(text) ? Number(text) : -1;
  return index < completions ? index : -1;
}

/** `0,2-5`: three or more in a row are a range. */
export function formatIndexes(indexes: Iterable<number>): string {
  const sorted = [...indexes].sort((a, b) => a - b);
  const runs: [number, number][] = [];
  for (const index of sorted) {
    const last = runs.at(-1);
    if (last && last[1] + 1 === index) last[1] = index;
    else runs.push([index, index]);
  }
  return runs.map(formatRun).join(",");
}

function formatRun([from, to]: [number, number]): string {
  if (from === to) return String(from);
  return to === from + 1 ? `${from},${to}` : `${from}-${to}`;
}

/** Indexes at and above `completions` are left out: the Job was made smaller. */
export function parseIndexes(text: string | undefined, completions = Infinity): Set<number> {
  const indexes = new Set<number>();
  for (const part of (text ?? "").split(",").filter(Boolean)) {
    const [from = NaN, to = from] = part.split("-").map(Number);
    for (let index = from; index <= Math.min(to, completions - 1); index++) indexes.add(index);
  }
  return indexes;
}
