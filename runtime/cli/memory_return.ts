/**
 * Gives memory back to the machine when a burst of work is over.
 *
 * V8 grows its heap with the work and collects again only when more work comes, and the C library keeps the pages that
 * freed buffers lay in. Both are right while work goes on, and wrong for a machine that has other things to do after it.
 *
 * Laws: who notes work pays a comparison; while nobody does, no timer is armed; nothing is collected while the process is
 * busy, nor when it has grown too little since the last time to be worth the pause.
 */
import process from "node:process";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Clock } from "../loop/mod.ts";

/** What is asked of the process, or done to it. */
export interface ProcessMemory {
  /** Seconds that the process has computed so far. */
  cpuSeconds(): number;
  residentBytes(): number;
  /** Frees what is garbage. Nothing else runs meanwhile: some milliseconds for each 10 MB that live. */
  collect(): void;
  /** Hands free pages to the system; other work goes on. */
  trim(): Promise<void>;
}

/** Work is over when a stretch of this length has passed with hardly any. */
const stretchMs = 5_000;
/** Of one core. */
const busyShare = 0.2;
const worthBytes = 32 * 1024 * 1024;
const worthShare = 0.25;
/** V8 sets pages free beside the work, and holds them for a second in case they are wanted again. */
const freeingMs = 2_500;

export class MemoryReturn implements Disposable {
  #armed?: Disposable;
  /** Resident bytes after the last time. */
  #least = 0;

  constructor(private readonly memory: ProcessMemory, private readonly clock: Clock) {}

  noted(): void {
    if (!this.#armed) this.#watch();
  }

  [Symbol.dispose](): void {
    this.#armed?.[Symbol.dispose]();
  }

  #watch(): void {
    const before = this.memory.cpuSeconds();
    this.#armed = this.clock.after(stretchMs, () => {
      const busy = this.memory.cpuSeconds() - before > busyShare * stretchMs / 1000;
      if (busy) this.#watch();
      else if (this.#isWorthIt()) this.#giveBack();
      else this.#armed = undefined;
    });
  }

  #isWorthIt(): boolean {
    const grown = this.memory.residentBytes() - this.#least;
    return grown > Math.max(worthBytes, worthShare * this.#least);
  }

  #giveBack(): void {
    this.memory.collect();
    this.#armed = this.clock.after(freeingMs, async () => {
      await this.memory.trim();
      this.#least = this.memory.residentBytes();
      this.#armed = undefined;
    });
  }
}

/** This process. Where the C library is not glibc, or may not be called, V8's part alone is given back. */
export function thisProcess(): ProcessMemory {
  setFlagsFromString("--expose-gc");
  setFlagsFromString("--memory-pool-timeout=1");
  return {
    cpuSeconds() {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    },
    residentBytes: () => Deno.memoryUsage().rss,
    // The flag counts for contexts that are made after it was set.
    collect: () => void runInNewContext("gc()"),
    trim: trimOfGlibc(),
  };
}

function trimOfGlibc(): () => Promise<void> {
  const symbols = { malloc_trim: { parameters: ["usize"], result: "i32", nonblocking: true } } as const;
  try {
    const library = Deno.dlopen("libc.so.6", symbols);
    return async () => void await library.symbols.malloc_trim(0n);
  } catch {
    return () => Promise.resolve();
  }
}
