/**
 * What to scale when only `spec.replicas` changed or the Deployment is paused: no rollout moves, sizes do. Pure.
 *
 * Sets that keep their size are named too: what they were sized for is noted on them, which ends the scaling event.
 */
import { type DeploymentObject, desiredAnnotation, maxAnnotation, type SetObject } from "./revision.ts";
import { boundsOf, proportionalScales, type ProportionalSet, type Scale } from "./rollout.ts";

export function scalePlan(
  deployment: DeploymentObject,
  newest: SetObject | undefined,
  old: readonly SetObject[],
): Scale[] {
  const replicas = deployment.spec?.replicas ?? 1;
  const active = [...old, ...(newest ? [newest] : [])].filter((set) => (set.spec?.replicas ?? 1) > 0);
  if (active.length <= 1) return single(active[0] ?? newest ?? old.at(-1), replicas);
  if (isSaturated(deployment, newest)) return active.map((set) => scale(set, set === newest ? replicas : 0));
  if (deployment.spec?.strategy?.type === "Recreate") return active.map((set) => scale(set, set.spec?.replicas ?? 1));
  return proportional(deployment, active);
}

function scale(set: SetObject, replicas: number): Scale {
  return { name: set.metadata.name, replicas };
}

function single(set: SetObject | undefined, replicas: number): Scale[] {
  return set ? [scale(set, replicas)] : [];
}

/** The newest set has all that is wanted, and all of it is available: nothing old is needed. */
function isSaturated(deployment: DeploymentObject, newest: SetObject | undefined): boolean {
  const replicas = deployment.spec?.replicas ?? 1;
  const desired = Number(newest?.metadata.annotations?.[desiredAnnotation]);
  return newest?.spec?.replicas === replicas && desired === replicas && newest.status?.availableReplicas === replicas;
}

function proportional(deployment: DeploymentObject, active: readonly SetObject[]): Scale[] {
  const bounds = boundsOf(deployment.spec);
  const total = active.reduce((sum, set) => sum + (set.spec?.replicas ?? 0), 0);
  const grows = bounds.replicas + bounds.maxSurge > total;
  const age = (set: SetObject) => Date.parse(set.metadata.creationTimestamp) * (grows ? -1 : 1);
  const sorted = [...active].sort((a, b) => b.spec!.replicas! - a.spec!.replicas! || age(a) - age(b));
  const sizes: ProportionalSet[] = sorted.map((set) => ({
    name: set.metadata.name,
    wanted: set.spec?.replicas ?? 0,
    available: set.status?.availableReplicas ?? 0,
    max: Number(set.metadata.annotations?.[maxAnnotation] ?? deployment.status?.replicas ?? 0),
  }));
  return proportionalScales(bounds, sizes);
}
