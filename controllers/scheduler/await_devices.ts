/**
 * Waits until a pod's devices are ready to be used, where that takes time; what fails or takes too long is given back, and the
 * pod looks for others.
 */
import type { IResourceClaim } from "kubernetes-models/resource.k8s.io/v1/ResourceClaim";
import { type LoopContext, seen } from "../../runtime/loop/mod.ts";
import { isReason, type Key, keyOf, refOf, ResourceClaim } from "../../runtime/schema/mod.ts";
import type { Chosen } from "./bind_volumes.ts";
import { type Readiness, readinessOf } from "./devices/binding_conditions.ts";
import type { ClaimObject } from "./devices/wants.ts";

export async function awaitDevices(claims: readonly ClaimObject[], chosen: Chosen, context: LoopContext) {
  for (const claim of claims) {
    const key = keyOf(claim);
    const refusal = await refusalOf(key, chosen, context);
    if (!refusal) continue;
    for (const one of claims) await giveBack(keyOf(one), chosen.pod.uid, context);
    throw new Error(`claim ${key}: ${refusal}`);
  }
}

/** Undefined: all is ready. */
async function refusalOf(key: Key, { profile }: Chosen, context: LoopContext): Promise<string | undefined> {
  const { informers, clock, signal } = context;
  const claims = informers.of(ResourceClaim);
  const live = () => claims.get(key);
  const begun = Date.parse(live()?.status?.allocation?.allocationTimestamp ?? "") || clock.now();
  const end = begun + (profile.deviceTimeoutMs ?? 0);
  using timer = alarm(end - clock.now(), context);
  const isOver = (claim?: ClaimObject) => !claim || readinessOf(claim.status).type !== "waiting";
  const enough = AbortSignal.any([signal, timer.signal]);
  // One wait of the local copy may be shorter than what drivers are given.
  do await claims.until(key, isOver, enough); while (!isOver(live()) && !enough.aborted);
  // Who leads no more gives nothing back: the next one waits on.
  signal.throwIfAborted();
  const claim = live();
  return claim ? wordsOf(readinessOf(claim.status)) : "it is gone";
}

function wordsOf(readiness: Readiness): string | undefined {
  if (readiness.type === "ready") return undefined;
  const { type, device, condition } = readiness;
  const why = type === "failed"
    ? `binding failed: condition ${condition}`
    : `timed out waiting for condition ${condition}`;
  return `device ${device}: ${why}`;
}

function alarm(ms: number, { clock }: LoopContext) {
  const rings = new AbortController();
  const timer = clock.after(Math.max(0, ms), () => rings.abort());
  return { signal: rings.signal, [Symbol.dispose]: () => timer[Symbol.dispose]() };
}

/** With its last user a claim loses devices that are not ready; those that others use stay theirs. */
async function giveBack(key: Key, uid: string, context: LoopContext): Promise<void> {
  const claim = await context.client.get(ResourceClaim, refOf(key));
  if (!claim?.status || readinessOf(claim.status).type === "ready") return;
  const users = (claim.status.reservedFor ?? []).filter((user) => user.uid !== uid);
  const { allocation: _allocation, devices: _devices, reservedFor: _users, ...rest } = claim.status;
  const status: IResourceClaim["status"] = users.length > 0 ? { ...claim.status, reservedFor: users } : rest;
  try {
    const written = await context.client.update(ResourceClaim, { ...claim, status }, { subresource: "status" });
    await seen(ResourceClaim, written, context);
  } catch (error) {
    if (!isReason(error, "NotFound")) throw error;
  }
}
