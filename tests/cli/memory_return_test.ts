import assert from "node:assert/strict";
import { MemoryReturn, type ProcessMemory, thisProcess } from "../../runtime/cli/memory_return.ts";
import { VirtualClock } from "../support/virtual_clock.ts";

const megabyte = 1024 * 1024;

/** A process that says what it is told to, and what was asked of it. */
class ToldProcess implements ProcessMemory {
  readonly done: string[] = [];
  cpu = 0;
  resident = 0;

  cpuSeconds = () => this.cpu;
  residentBytes = () => this.resident;
  collect = () => void this.done.push("collect");
  trim = () => {
    this.done.push("trim");
    this.resident = 100 * megabyte;
    return Promise.resolve();
  };
}

function scene() {
  const clock = new VirtualClock();
  const told = new ToldProcess();
  return { clock, told, memory: new MemoryReturn(told, clock) };
}

Deno.test("memory is given back once after a burst, and then no timer is left", async () => {
  const { clock, told, memory } = scene();
  told.resident = 600 * megabyte;
  for (let i = 0; i < 1000; i++) memory.noted();
  assert.equal(clock.pending, 1);
  await clock.advance(60_000);
  assert.deepEqual(told.done, ["collect", "trim"]);
  assert.equal(clock.pending, 0);
});

Deno.test("nothing is collected while the process is busy", async () => {
  const { clock, told, memory } = scene();
  told.resident = 600 * megabyte;
  memory.noted();
  for (let second = 0; second < 60; second++) {
    told.cpu += 0.5;
    await clock.advance(1000);
  }
  assert.deepEqual(told.done, []);
  await clock.advance(60_000);
  assert.deepEqual(told.done, ["collect", "trim"]);
});

Deno.test("a process that has hardly grown since it gave back is left alone", async () => {
  const { clock, told, memory } = scene();
  told.resident = 600 * megabyte;
  memory.noted();
  await clock.advance(60_000);
  told.resident = 120 * megabyte;
  memory.noted();
  await clock.advance(60_000);
  assert.deepEqual(told.done, ["collect", "trim"]);
  assert.equal(clock.pending, 0);
});

Deno.test("what is garbage is gone after a collection of the real process", async () => {
  const process = thisProcess();
  const garbage = new WeakRef({ of: "a burst" });
  await new Promise((resolve) => setTimeout(resolve, 0)); // a WeakRef holds its target until the turn ends
  process.collect();
  await process.trim();
  assert.equal(garbage.deref(), undefined);
  assert.ok(process.residentBytes() > 0 && process.cpuSeconds() > 0);
});
