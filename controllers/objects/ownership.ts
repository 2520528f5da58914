/**
 * Which objects belong to an owner: by controller reference, by selector, by adoption and by release. The plan is pure; the
 * executor writes it.
 *
 * Laws: an object has one controlling owner at most; what another controls is never touched; an owner that is being
 * deleted adopts nothing; what no longer matches is let go, not deleted.
 */
import {
  isReason,
  keyOf,
  type Kind,
  type OwnerReference,
  refOf,
  type Stored,
  type StoredMeta,
} from "../../runtime/schema/mod.ts";
import { controllerOf, type Informer, type LoopContext, ownedBy, seen } from "../../runtime/loop/mod.ts";

interface Owned {
  readonly metadata: StoredMeta;
}

export function controllerReference(kind: Kind<unknown>, owner: Owned): OwnerReference {
  const { name, uid } = owner.metadata;
  return { apiVersion: kind.apiVersion, kind: kind.kind, name, uid, controller: true, blockOwnerDeletion: true };
}

export interface Claims<T> {
  /** Controlled by the owner already and still matching. */
  readonly kept: readonly T[];
  readonly adopt: readonly T[];
  readonly release: readonly T[];
}

export type Matches = (labels?: Record<string, string>) => boolean;

export function planClaims<T extends Owned>(owner: Owned, matches: Matches, candidates: readonly T[]): Claims<T> {
  const kept: T[] = [], adopt: T[] = [], release: T[] = [];
  const ownerGoes = owner.metadata.deletionTimestamp !== undefined;
  for (const candidate of candidates) {
    const { ownerReferences, labels, deletionTimestamp } = candidate.metadata;
    const controller = controllerOf({ metadata: { ownerReferences } });
    const fits = matches(labels);
    if (controller) {
      if (controller.uid !== owner.metadata.uid) continue;
      if (fits) kept.push(candidate);
      else if (!ownerGoes) release.push(candidate);
    } else if (fits && !ownerGoes && deletionTimestamp === undefined) adopt.push(candidate);
  }
  return { kept, adopt, release };
}

/** What an owner controls, and what nobody controls in its namespace: found by index, however much others own there. */
export function claimable<T>(informer: Informer<T>, { metadata }: Owned): Stored<T>[] {
  const namespaceOf = (object: Owned) => object.metadata.namespace ?? "";
  informer.addIndex("uncontrolled", (object) => controllerOf(object) ? [] : [namespaceOf(object)]);
  return [...ownedBy(informer, { metadata }), ...informer.by("uncontrolled", namespaceOf({ metadata }))];
}

/** Where an owner and what it may own are found. */
export interface Claiming<O, T> {
  readonly ownerKind: Kind<O>;
  readonly owner: Stored<O>;
  readonly kind: Kind<T>;
  readonly matches: Matches;
  readonly candidates: readonly Stored<T>[];
}

/** Adopts and releases; returns what the owner holds afterwards. */
export async function claim<O, T>(claiming: Claiming<O, T>, context: LoopContext): Promise<Stored<T>[]> {
  const { owner, ownerKind, kind, matches, candidates } = claiming;
  const plan = planClaims(owner, matches, candidates);
  for (const child of plan.release) await release(kind, child, owner.metadata.uid, context);
  if (plan.adopt.length === 0 || !(await stillThere(ownerKind, owner, context))) return [...plan.kept];
  const reference = controllerReference(ownerKind, owner);
  const adopted: Stored<T>[] = [];
  for (const child of plan.adopt) {
    const now = await adopt(kind, child, reference, context);
    if (now) adopted.push(now);
  }
  return [...plan.kept, ...adopted];
}

/** Asks the server, not the cache: an owner that was deleted a moment ago must not adopt what was orphaned for it. */
async function stillThere<O>(kind: Kind<O>, owner: Stored<O>, { client }: LoopContext): Promise<boolean> {
  const live = await client.get(kind, refOf(keyOf(owner)));
  return live?.metadata.uid === owner.metadata.uid && live.metadata.deletionTimestamp === undefined;
}

async function adopt<T>(kind: Kind<T>, child: Stored<T>, reference: OwnerReference, context: LoopContext) {
  const body = { metadata: { uid: child.metadata.uid, ownerReferences: [{ ...reference }] } };
  try {
    const adopted = await context.client.patch(kind, refOf(keyOf(child)), { type: "strategic", body });
    await seen(kind, adopted, context);
    return adopted;
  } catch (error) {
    // Gone, or adopted by another a moment before: then it is not ours.
    if (isReason(error, "NotFound", "Invalid")) return undefined;
    throw error;
  }
}

async function release<T>(kind: Kind<T>, child: Stored<T>, ownerUid: string, context: LoopContext): Promise<void> {
  const body = { metadata: { uid: child.metadata.uid, ownerReferences: [{ $patch: "delete", uid: ownerUid }] } };
  try {
    await seen(kind, await context.client.patch(kind, refOf(keyOf(child)), { type: "strategic", body }), context);
  } catch (error) {
    if (!isReason(error, "NotFound", "Invalid")) throw error;
  }
}
