import assert from "node:assert/strict";
import fc from "fast-check";
import { WorkQueue } from "../../runtime/loop/mod.ts";
import { settle, VirtualClock } from "../support/virtual_clock.ts";

function setup() {
  const clock = new VirtualClock();
  return { clock, queue: new WorkQueue({ clock, backOff: { baseMs: 10, capMs: 1000 } }) };
}

/** What can be taken now. */
async function takeDue(queue: WorkQueue): Promise<string[]> {
  const keys: string[] = [];
  while (queue.depth > 0) keys.push((await queue.take())!);
  return keys;
}

Deno.test("one entry per key: a key that is added twice is handed out once", async () => {
  const { queue } = setup();
  queue.add("a");
  queue.add("b");
  queue.add("a");
  assert.deepEqual(await takeDue(queue), ["a", "b"]);
});

Deno.test("one worker per key: a key that is worked on is not handed out again", async () => {
  const { queue } = setup();
  queue.add("a");
  assert.equal(await queue.take(), "a");
  queue.add("a");
  assert.equal(queue.depth, 0);
});

Deno.test("a key that changes while it is worked on is worked on again after, once", async () => {
  const { queue } = setup();
  queue.add("a");
  await queue.take();
  queue.add("a");
  queue.add("a", { afterMs: 500 });
  queue.finish("a");
  assert.deepEqual(await takeDue(queue), ["a"]);
  queue.finish("a");
  assert.equal(queue.depth, 0);
});

Deno.test("the earliest due time wins", async () => {
  const { clock, queue } = setup();
  queue.add("a", { afterMs: 100 });
  queue.add("a", { afterMs: 300 });
  queue.add("b", { afterMs: 300 });
  queue.add("b", { afterMs: 50 });
  await clock.advance(99);
  assert.deepEqual(await takeDue(queue), ["b"]);
  await clock.advance(1);
  assert.deepEqual(await takeDue(queue), ["a"]);
  await clock.advance(1000);
  assert.equal(queue.depth, 0);
});

Deno.test("success forgets the back-off", async () => {
  const { clock, queue } = setup();
  for (let failure = 1; failure <= 4; failure++) assert.equal(queue.retry("a"), failure);
  queue.forget("a");
  await clock.advance(1000);
  assert.deepEqual(await takeDue(queue), ["a"]);
  assert.equal(queue.retry("a"), 1);
});

Deno.test("back-off is exponential with a cap", async () => {
  const { clock, queue } = setup();
  for (const expected of [10, 20, 40, 80, 160, 320, 640, 1000, 1000]) {
    queue.retry("a");
    await clock.advance(expected - 1);
    assert.equal(queue.depth, 0);
    await clock.advance(1);
    assert.deepEqual(await takeDue(queue), ["a"]);
    queue.finish("a");
  }
});

Deno.test("user changes overtake resync, and a key keeps the highest priority it was given", async () => {
  const { queue } = setup();
  for (const key of ["r1", "r2", "r3"]) queue.add(key, { priority: -1 });
  queue.add("user");
  queue.add("r3");
  assert.deepEqual(await takeDue(queue), ["r3", "user", "r1", "r2"]);
});

Deno.test("bounded memory: keys that are done leave nothing behind, nor a timer", async () => {
  const { clock, queue } = setup();
  for (let n = 0; n < 1000; n++) queue.add(`k${n % 10}`, { afterMs: 1000 - n });
  assert.equal(queue.remembered, 10);
  queue.retry("k1");
  await clock.advance(2000);
  for (const key of await takeDue(queue)) {
    queue.forget(key);
    queue.finish(key);
  }
  assert.equal(queue.remembered, 0);
  assert.equal(clock.pending, 0);
});

Deno.test("a worker that waits gets a key as soon as it is due, and undefined when the queue closes", async () => {
  const { clock, queue } = setup();
  const taken: unknown[] = [];
  queue.take().then((key) => taken.push(key));
  queue.take().then((key) => taken.push(key));
  queue.add("a", { afterMs: 10 });
  await clock.advance(10);
  assert.deepEqual(taken, ["a"]);
  queue.close();
  await settle();
  assert.deepEqual(taken, ["a", undefined]);
  assert.equal(await queue.take(), undefined);
});

/** The laws once more, by a list and a loop. */
class NaiveQueue {
  readonly waiting: { key: string; at: number; priority: number }[] = [];
  add(key: string, at: number, priority: number): void {
    const known = this.waiting.find((entry) => entry.key === key);
    if (known) Object.assign(known, { at: Math.min(known.at, at), priority: Math.max(known.priority, priority) });
    else this.waiting.push({ key, at, priority });
  }
  due(now: number): Map<string, number> {
    return new Map(this.waiting.filter((entry) => entry.at <= now).map(({ key, priority }) => [key, priority]));
  }
}

Deno.test("whatever is added, exactly the due keys come out, by falling priority", async () => {
  const add = fc.record({
    key: fc.constantFrom("a", "b", "c", "d", "e", "f"),
    afterMs: fc.nat(50),
    priority: fc.integer({ min: -2, max: 2 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(add, { maxLength: 30 }), fc.nat(60), async (adds, wait) => {
      const { clock, queue } = setup();
      const naive = new NaiveQueue();
      for (const { key, afterMs, priority } of adds) {
        queue.add(key, { afterMs, priority });
        naive.add(key, clock.now() + afterMs, priority);
      }
      await clock.advance(wait);
      const due = naive.due(clock.now());
      const taken = await takeDue(queue);
      assert.deepEqual([...taken].sort(), [...due.keys()].sort());
      const priorities = taken.map((key) => due.get(key)!);
      assert.deepEqual(priorities, [...priorities].sort((a, b) => b - a));
      queue.close();
    }),
    { seed: 5, numRuns: 60 },
  );
});
