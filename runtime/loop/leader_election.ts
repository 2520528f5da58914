/**
 * Leadership by a `coordination.k8s.io/v1 Lease`, readable and takeable by client-go's electors.
 *
 * Laws: whoever leads has renewed the Lease within its duration; a holder that cannot renew stops before the duration
 * is over, so that two never lead; other people's clocks are not trusted (expiry is counted from when a change was
 * seen here); a clean stop empties the Lease only after the work has ended, and the others, who watch it, take it
 * without waiting.
 */
import type { Logger } from "@logtape/logtape";
import { isReason, type Kind, Lease, type Stored } from "../schema/mod.ts";
import type { Client } from "./client.ts";
import { sleep } from "./clock.ts";
import type { Clock, Informers } from "./controller.ts";

export interface LeaseTimes {
  /** After so long without a renewal others may take it. */
  readonly durationMs: number;
  /** A holder that has not renewed for so long stops. Below `durationMs`. */
  readonly deadlineMs: number;
  readonly renewMs: number;
  /** Between tries when the server refuses or is away. */
  readonly retryMs: number;
}

export const leaseTimes: LeaseTimes = { durationMs: 15_000, deadlineMs: 10_000, renewMs: 5_000, retryMs: 1_000 };

export interface ElectionOptions {
  readonly client: Client;
  readonly informers: Informers;
  readonly clock: Clock;
  readonly log: Logger;
  readonly identity: string;
  readonly lease: { readonly namespace: string; readonly name: string };
  readonly times?: LeaseTimes;
  /** Steps down and returns. */
  readonly signal: AbortSignal;
}

type LeaseOf<K> = K extends Kind<infer T> ? NonNullable<T> : never;
type LeaseObject = LeaseOf<typeof Lease>;
type Spec = NonNullable<LeaseObject["spec"]>;

/** Runs `lead` whenever the Lease is held here, and aborts its signal when it is not any more. */
export async function elect(options: ElectionOptions, lead: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const { signal, log, identity } = options;
  while (!signal.aborted) {
    const takenAt = await acquire(options);
    if (takenAt === undefined) return;
    log.info("leads", { identity });
    const term = new AbortController();
    const stepDown = () => term.abort();
    signal.addEventListener("abort", stepDown, { once: true });
    const work = lead(term.signal).finally(stepDown);
    await renew(options, term.signal, takenAt);
    stepDown();
    await work;
    signal.removeEventListener("abort", stepDown);
    await release(options);
    log.info("leads no more", { identity });
  }
}

/** When the write that took it began; undefined when the signal aborted before. */
async function acquire(options: ElectionOptions): Promise<number | undefined> {
  const { informers, lease, clock, signal, log, times = leaseTimes } = options;
  const informer = informers.of(Lease, { namespace: lease.namespace, fieldSelector: `metadata.name=${lease.name}` });
  const key = `${lease.namespace}/${lease.name}`;
  let seen: { version: string; at: number } | undefined;
  let wake = () => {};
  using _watch = informer.onChange(() => wake());
  while (!signal.aborted) {
    const { promise: changed, resolve } = Promise.withResolvers<void>();
    wake = resolve;
    const present = informer.get(key);
    const version = present?.metadata.resourceVersion ?? "";
    if (seen?.version !== version) seen = { version, at: clock.now() };
    const waitMs = freeInMs(present, options, seen.at);
    if (waitMs <= 0) {
      try {
        const at = clock.now();
        await take(options, version);
        return at;
      } catch (error) {
        log.debug("the lease could not be taken", { lease: lease.name, error });
      }
    }
    const pause = new AbortController();
    const patience = sleep(clock, waitMs > 0 ? waitMs : times.retryMs, AbortSignal.any([signal, pause.signal]));
    await Promise.race([changed, patience]);
    pause.abort();
  }
}

/** 0 when it may be taken now. */
function freeInMs(
  lease: Stored<LeaseObject> | undefined,
  { identity, clock }: ElectionOptions,
  seenAt: number,
): number {
  const { holderIdentity, leaseDurationSeconds = 0 } = lease?.spec ?? {};
  if (!holderIdentity || holderIdentity === identity) return 0;
  return Math.max(0, seenAt + leaseDurationSeconds * 1000 - clock.now());
}

/** `judged`: the version that was found to be free; another one that somebody holds is left to them. */
async function take(options: ElectionOptions, judged: string): Promise<void> {
  const { client, lease, identity, clock } = options;
  const live = await client.get(Lease, lease);
  if (!live) {
    const metadata = { ...lease };
    const spec = heldSpec(options, { leaseTransitions: 0, acquireTime: microTime(clock) });
    await client.create(Lease, { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata, spec } as LeaseObject);
    return;
  }
  const holder = live.spec?.holderIdentity;
  const moved = judged !== live.metadata.resourceVersion;
  if (moved && holder && holder !== identity) throw new Error(`the lease is held by ${holder}`);
  const again = holder === identity;
  const transitions = (live.spec?.leaseTransitions ?? 0) + (again ? 0 : 1);
  const acquireTime = again && live.spec?.acquireTime ? live.spec.acquireTime : microTime(clock);
  const spec = heldSpec(options, { ...live.spec, leaseTransitions: transitions, acquireTime });
  await client.update(Lease, { ...live, spec } as LeaseObject);
}

/** Returns when the term is over: aborted, taken by another, or not renewed in time. */
async function renew(options: ElectionOptions, signal: AbortSignal, takenAt: number): Promise<void> {
  const { client, lease, identity, clock, log, times = leaseTimes } = options;
  let renewedAt = takenAt;
  let pauseMs = times.renewMs;
  while (!signal.aborted && clock.now() - renewedAt < times.deadlineMs) {
    await sleep(clock, pauseMs, signal);
    if (signal.aborted) return;
    pauseMs = times.retryMs;
    const at = clock.now();
    try {
      const live = await within(clock, times.retryMs * 2, client.get(Lease, lease));
      if (live?.spec?.holderIdentity !== identity) {
        log.warn("the lease was taken", { holder: live?.spec?.holderIdentity });
        return;
      }
      const object = { ...live, spec: heldSpec(options, live.spec) } as LeaseObject;
      await within(clock, times.retryMs * 2, client.update(Lease, object));
      renewedAt = at;
      pauseMs = times.renewMs;
    } catch (error) {
      log.warn("the lease could not be renewed", { lease: lease.name, error });
    }
  }
}

/** Best effort: what is not released runs out by itself. */
async function release(options: ElectionOptions): Promise<void> {
  const { client, lease, identity, clock, log } = options;
  try {
    const live = await client.get(Lease, lease);
    if (live?.spec?.holderIdentity !== identity) return;
    const spec: Spec = { ...heldSpec(options, live.spec), holderIdentity: "", leaseDurationSeconds: 1 };
    await within(clock, leaseTimes.retryMs, client.update(Lease, { ...live, spec } as LeaseObject));
  } catch (error) {
    if (!isReason(error, "NotFound")) log.warn("the lease could not be released", { lease: lease.name, error });
  }
}

function heldSpec({ identity, clock, times = leaseTimes }: ElectionOptions, rest: Spec): Spec {
  const leaseDurationSeconds = Math.ceil(times.durationMs / 1000);
  return { ...rest, holderIdentity: identity, leaseDurationSeconds, renewTime: microTime(clock) };
}

/** RFC 3339 with microseconds, as Lease times are. */
function microTime(clock: Clock): string {
  return new Date(clock.now()).toISOString().replace("Z", "000Z");
}

/** A call that does not answer must not keep a leader from noticing that its time is over. */
async function within<T>(clock: Clock, ms: number, call: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  using _timer = clock.after(ms, () => late.reject(new Error(`no answer within ${ms} ms`)));
  return await Promise.race([call, late.promise]);
}
