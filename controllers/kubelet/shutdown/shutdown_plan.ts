/**
 * In which order pods end when the machine goes down, and how long each may take. Pure.
 *
 * Source: Kubernetes docs, "Node Shutdowns", graceful node shutdown and the one by pod priority.
 */
import type { NodeConfiguration } from "../configuration/document.ts";
import { msOf } from "../configuration/duration.ts";
import { type Pod, specOf } from "../pod/pod.ts";

export interface ShutdownGroup {
  /** Pods of this priority and above, up to the next group's. */
  readonly priority: number;
  readonly seconds: number;
}

const critical = 2_000_000_000;

type ShutdownSettings = Pick<
  NodeConfiguration,
  "shutdownGracePeriod" | "shutdownGracePeriodCriticalPods" | "shutdownGracePeriodByPodPriority"
>;

/** The least important first; empty: the machine's end is not waited for. */
export function shutdownGroups(settings: ShutdownSettings): readonly ShutdownGroup[] {
  const [all, last] = [settings.shutdownGracePeriod, settings.shutdownGracePeriodCriticalPods].map(msOf) as [
    number,
    number,
  ];
  const named = settings.shutdownGracePeriodByPodPriority.map(({ priority, shutdownGracePeriodSeconds }) => ({
    priority,
    seconds: shutdownGracePeriodSeconds,
  }));
  if (named.length > 0) return named.sort((a, b) => a.priority - b.priority);
  if (all === 0) return [];
  return [{ priority: 0, seconds: (all - last) / 1000 }, { priority: critical, seconds: last / 1000 }];
}

/** How long all of it may take. */
export function shutdownMs(groups: readonly ShutdownGroup[]): number {
  return groups.reduce((sum, { seconds }) => sum + seconds * 1000, 0);
}

/** Who is less important than every group ends with the first. */
export function podsOfGroups(groups: readonly ShutdownGroup[], pods: readonly Pod[]): readonly (readonly Pod[])[] {
  const placeOf = (pod: Pod) =>
    Math.max(0, groups.findLastIndex(({ priority }) => priority <= (specOf(pod).priority ?? 0)));
  return groups.map((_, place) => pods.filter((pod) => placeOf(pod) === place));
}
