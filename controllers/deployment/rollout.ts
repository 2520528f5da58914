/**
 * How far each ReplicaSet of a Deployment may be scaled now. Pure arithmetic over numbers.
 *
 * Laws: the sets together never ask for more than replicas + maxSurge; what is available never falls below
 * replicas - maxUnavailable by the plan's doing; a healthy cluster always reaches the end.
 *
 * Source: Deployment, "Rolling Update Deployment" and "Proportional scaling"
 * (https://kubernetes.io/docs/concepts/workloads/controllers/deployment/).
 */
import type { IDeploymentSpec } from "kubernetes-models/apps/v1/DeploymentSpec";

/** A set as numbers. `wanted` is `spec.replicas`, `available` is `status.availableReplicas`. */
export interface SetSize {
  readonly name: string;
  readonly wanted: number;
  readonly available: number;
}

export interface Bounds {
  readonly replicas: number;
  readonly maxSurge: number;
  readonly maxUnavailable: number;
}

/** `name` shall have `replicas`. */
export interface Scale {
  readonly name: string;
  readonly replicas: number;
}

/** A number or a per cent of `total`; rounded as asked. What is neither counts as 0 (validation refuses it before). */
export function resolveCount(value: number | string | undefined, total: number, round: "up" | "down"): number {
  if (typeof value === "number") return value;
  const percent = /^(\d+)%$/.exec(value ?? "")?.[1];
  if (percent === undefined) return 0;
  const share = Number(percent) * total / 100;
  return round === "up" ? Math.ceil(share) : Math.floor(share);
}

/** Surge is rounded up, unavailability down; both 0 would never move, so then one may be unavailable. */
export function boundsOf(spec: IDeploymentSpec | undefined): Bounds {
  const replicas = spec?.replicas ?? 1;
  if (spec?.strategy?.type === "Recreate") return { replicas, maxSurge: 0, maxUnavailable: replicas };
  const { maxSurge = "25%", maxUnavailable = "25%" } = spec?.strategy?.rollingUpdate ?? {};
  const surge = resolveCount(maxSurge, replicas, "up");
  const unavailable = Math.min(replicas, resolveCount(maxUnavailable, replicas, "down"));
  const stuck = surge === 0 && unavailable === 0;
  return { replicas, maxSurge: surge, maxUnavailable: stuck ? 1 : unavailable };
}

export function maxReplicasOf(spec: IDeploymentSpec | undefined): number {
  const { replicas, maxSurge } = boundsOf(spec);
  return replicas + maxSurge;
}

/** How many the newest set may have now, while the others have `othersWanted` together. */
export function newSetReplicas(bounds: Bounds, newest: number, othersWanted: number): number {
  const { replicas, maxSurge } = bounds;
  if (newest > replicas) return replicas;
  const room = replicas + maxSurge - (newest + othersWanted);
  return newest + Math.max(0, Math.min(room, replicas - newest));
}

/** What old sets (oldest first) may give up now: first what serves nobody, then what the bounds can spare. */
export function oldSetScales(bounds: Bounds, newest: SetSize, old: readonly SetSize[]): Scale[] {
  const minAvailable = bounds.replicas - bounds.maxUnavailable;
  const wanted = sum(old, "wanted") + newest.wanted;
  const newestUnavailable = Math.max(0, newest.wanted - newest.available);
  const spare = wanted - minAvailable - newestUnavailable;
  if (spare <= 0) return [];
  const left = new Map(old.map((set) => [set.name, set.wanted]));
  const cleaned = take(old, spare, (set) => Math.max(0, set.wanted - set.available), left);
  const available = sum(old, "available") + newest.available;
  take(old, Math.min(spare - cleaned, available - minAvailable), (set) => left.get(set.name)!, left);
  return old.filter((set) => left.get(set.name) !== set.wanted).map(({ name }) => ({
    name,
    replicas: left.get(name)!,
  }));
}

/** Takes up to `budget` replicas, from each set what `offer` allows; returns how many it took. */
function take(
  sets: readonly SetSize[],
  budget: number,
  offer: (set: SetSize) => number,
  left: Map<string, number>,
): number {
  let taken = 0;
  for (const set of sets) {
    const give = Math.min(offer(set), budget - taken, left.get(set.name)!);
    if (give <= 0) continue;
    left.set(set.name, left.get(set.name)! - give);
    taken += give;
  }
  return taken;
}

function sum(sets: readonly SetSize[], field: "wanted" | "available"): number {
  return sets.reduce((total, set) => total + set[field], 0);
}

/** A set as it was when it was last scaled: `max` is its `max-replicas` annotation. */
export interface ProportionalSet extends SetSize {
  readonly max: number;
}

/**
 * Several sets run (a rollout is under way) and `spec.replicas` was changed: each gets its share, the rest goes to the
 * first. `sets` are in the order of who gives or takes first (largest first; newer first when growing).
 */
export function proportionalScales(bounds: Bounds, sets: readonly ProportionalSet[]): Scale[] {
  const allowed = bounds.replicas > 0 ? bounds.replicas + bounds.maxSurge : 0;
  const toAdd = allowed - sum(sets, "wanted");
  const sizes = new Map(sets.map((set) => [set.name, set.wanted]));
  let added = 0;
  for (const set of sets) {
    const share = shareOf(set, { bounds, toAdd, added });
    sizes.set(set.name, set.wanted + share);
    added += share;
  }
  const first = sets[0];
  if (first) sizes.set(first.name, Math.max(0, sizes.get(first.name)! + toAdd - added));
  return sets.map(({ name }) => ({ name, replicas: sizes.get(name)! }));
}

function shareOf(
  set: ProportionalSet,
  { bounds, toAdd, added }: { bounds: Bounds; toAdd: number; added: number },
): number {
  if (set.wanted === 0 || toAdd === added) return 0;
  if (bounds.replicas === 0) return Math.max(-set.wanted, toAdd - added);
  const grown = Math.round(set.wanted * (bounds.replicas + bounds.maxSurge) / Math.max(1, set.max));
  const share = grown - set.wanted;
  return toAdd > 0 ? Math.max(0, Math.min(share, toAdd - added)) : Math.min(0, Math.max(share, toAdd - added));
}
