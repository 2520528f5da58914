/**
 * When a fake node renews its Lease: each has a beat of its own in every ten seconds. Pure.
 *
 * Law: however late a renewal was, the next is on the beat again, so that a fleet that was held up once does not beat as one.
 */
const renewMs = 10_000;
/** Beats are on whole seconds: the renewals of many nodes share one commit of the store. */
const beatMs = 1000;

/** Milliseconds into every ten seconds. `chance` is in [0, 1). */
export function beatOf(chance: number): number {
  return Math.floor(chance * renewMs / beatMs) * beatMs;
}

/** More than none: a node that was just renewed is due in ten seconds. */
export function untilBeat(beat: number, nowMs: number): number {
  return renewMs - (nowMs - beat) % renewMs;
}
