/** When a container is asked, and what its answers add up to. */
import assert from "node:assert/strict";
import { fold, nextCheck, unknown } from "../../controllers/kubelet/probes/probe_state.ts";

Deno.test("who waits for a first yes is asked again within the first period, without being counted", () => {
  const moments: string[] = [];
  for (let at = 0; at <= 20_000;) {
    const { delayMs, counts } = nextCheck({ periodSeconds: 3 }, at < 7000, at);
    at += delayMs;
    moments.push(`${at}${counts ? " counts" : ""}`);
    if (moments.length === 6) break;
  }
  assert.deepEqual(moments, ["200", "500", "1000", "2000", "3000 counts", "6000 counts"]);
});

Deno.test("nobody else is asked more often than the period says", () => {
  assert.deepEqual(nextCheck({ periodSeconds: 5 }, false, 0), { delayMs: 5000, counts: true });
  assert.deepEqual(nextCheck({ periodSeconds: 1 }, true, 60_000), { delayMs: 1000, counts: true });
});

Deno.test("a verdict changes only when its threshold is reached in a row", () => {
  const probe = { failureThreshold: 2 };
  const verdicts: (boolean | undefined)[] = [];
  let state = unknown;
  for (const ok of [true, false, true, false, false, true]) verdicts.push((state = fold(state, ok, probe)).verdict);
  assert.deepEqual(verdicts, [true, true, true, true, false, true]);
});
