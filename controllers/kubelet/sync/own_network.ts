/** Waits until the pause process has left the node's network namespace: its first instruction, a moment after docker's answer. */
import type { Clock } from "../../../runtime/loop/mod.ts";

const tries = 200;
const betweenMs = 2;

export async function awaitOwnNetwork(pid: number, clock: Clock): Promise<void> {
  const own = await Deno.readLink("/proc/self/ns/net");
  for (let left = tries; left > 0; left--) {
    const theirs = await Deno.readLink(`/proc/${pid}/ns/net`);
    if (theirs !== own) return;
    await new Promise<void>((resolve) => clock.after(betweenMs, resolve));
  }
  throw new Error("the sandbox stayed in the node's network namespace: it may not unshare one of its own");
}
