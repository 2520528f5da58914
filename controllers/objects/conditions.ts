/**
 * Conditions of a status as lists: set, drop, look up. Pure.
 *
 * Law: `lastTransitionTime` moves only when `status` does; a condition that says the same is returned unchanged.
 */
export interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
  lastUpdateTime?: string;
}

export function conditionOf<C extends Condition>(conditions: readonly C[] | undefined, type: string): C | undefined {
  return conditions?.find((condition) => condition.type === type);
}

/** `next` without times; they are filled in. `touch` also moves `lastUpdateTime` when anything changed (apps/v1 Deployment). */
export function withCondition<C extends Condition>(
  conditions: readonly C[] | undefined,
  next: C,
  { now, touch = false }: { now: string; touch?: boolean },
): C[] {
  const before = conditionOf(conditions, next.type);
  const others = (conditions ?? []).filter((condition) => condition.type !== next.type);
  if (before && before.status === next.status && before.reason === next.reason && before.message === next.message) {
    return [...(conditions ?? [])];
  }
  const lastTransitionTime = before?.status === next.status ? before.lastTransitionTime : now;
  const filled = { ...next, lastTransitionTime, ...(touch ? { lastUpdateTime: now } : {}) };
  return [...others, filled];
}

export function withoutCondition<C extends Condition>(conditions: readonly C[] | undefined, type: string): C[] {
  return (conditions ?? []).filter((condition) => condition.type !== type);
}

/** RFC 3339, whole seconds, as Kubernetes writes times. */
export function timestamp(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, "Z");
}
