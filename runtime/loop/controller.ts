/**
 * A controller is a value: what makes keys due, and how one key is brought into line. The runner owns the rest (queue,
 * workers, back-off, metrics, logs, leader election).
 *
 * Laws of a reconcile: it gets a key and returns a closed outcome, or throws (retried with back-off unless a
 * `TerminalError`). It reads the present, never the event. It may be killed between any two lines and run again. It
 * writes only differences. It gives every refusal a reason, which becomes an Event or a condition.
 */
import type { Logger } from "@logtape/logtape";
import type { Key, Kind, KubeObject, Stored } from "../schema/mod.ts";
import type { Client } from "./client.ts";

export type Outcome = { readonly type: "done" } | { readonly type: "requeue"; readonly afterMs: number };

/** The world is as desired, until a source says otherwise. */
export const done: Outcome = { type: "done" };

/** Look again later, whatever the sources say. */
export function requeueAfter(ms: number): Outcome {
  return { type: "requeue", afterMs: ms };
}

/** A failure that trying again cannot mend: reported once, then forgotten until the key changes. */
export class TerminalError extends Error {
  override readonly name = "TerminalError";
}

/** Time as an argument, so that tests own it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls back after `ms`; dispose to cancel. */
  after(ms: number, callback: () => void): Disposable;
}

/** A change that an informer has seen. `old` is absent for ADDED, and what was last known for DELETED. */
export interface Change<T> {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly key: Key;
  readonly object: Stored<T>;
  readonly old?: Stored<T>;
}

/** A local, shared, eventually consistent copy of one kind (or of a selection of it). Its objects are frozen. */
export interface Informer<T> {
  readonly kind: Kind<T>;
  /** Resolves when the first list is in. */
  readonly synced: Promise<void>;
  /** Revision of the last list: what was written until then and isn't here is gone. */
  readonly listedAt: number;
  get(key: Key): Stored<T> | undefined;
  list(namespace?: string): readonly Stored<T>[];
  /** Objects whose index function returned `value`; the index must have been added. */
  by(index: string, value: string): readonly Stored<T>[];
  /** How many those are; costs the same for one and for many. */
  count(index: string, value: string): number;
  /** Idempotent for one name. */
  addIndex(name: string, values: (object: Stored<T>) => readonly string[]): void;
  /** Also called for what is already there, as ADDED. */
  onChange(handler: (change: Change<T>) => void): Disposable;
  /** Resolves when the local copy passes the test (a loop's own write has come back), or after 5 min, or on abort. */
  until(key: Key, test: (object: Stored<T> | undefined) => boolean, signal: AbortSignal): Promise<void>;
}

export interface InformerFilter {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/** One informer for each kind and filter, shared by all loops of a process. */
export interface Informers {
  of<T>(kind: Kind<T>, filter?: InformerFilter): Informer<T>;
}

/** Writes `v1` Events about an object; repeats are counted into one Event, and writing never fails the caller. */
export interface Recorder {
  event(about: KubeObject, type: "Normal" | "Warning", reason: string, message: string, options?: EventOptions): void;
}

export interface EventOptions {
  /** Part of the object, such as `spec.containers{web}`. */
  readonly fieldPath?: string;
  /** Who says it, where one loop speaks for several. */
  readonly component?: string;
}

/** What a running controller is given. */
export interface LoopContext {
  readonly client: Client;
  readonly informers: Informers;
  readonly recorder: Recorder;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Logger;
  /** Aborts when the loop must stop. */
  readonly signal: AbortSignal;
}

export interface EnqueueOptions {
  /** Not before this many milliseconds have passed. */
  readonly afterMs?: number;
  /** Higher first; user changes are 0, resync is below it. */
  readonly priority?: number;
}

export type Enqueue = (key: Key, options?: EnqueueOptions) => void;

/** Makes keys due: API changes, docker events, files, probe results, timers. Stops with `context.signal`. */
export interface Source {
  /** Resolves when what is there at the start has been enqueued. */
  start(enqueue: Enqueue, context: LoopContext): void | Promise<void>;
}

export interface Controller {
  /** `deployment`, `kubelet`; names its metrics, logs, field manager and Events. */
  readonly name: string;
  readonly sources: readonly Source[];
  /** What its keys name, where they name objects: repeated failures become an Event about the object. */
  readonly kind?: Kind<unknown>;
  /** `source` of its Events; the component is `name` when absent. */
  readonly eventSource?: { readonly component: string; readonly host?: string };
  /** Keys worked on at once; one key is never worked on twice at the same time. Default 4. */
  readonly workers?: number;
  /** Runs only in the process that holds the leader Lease. Default true; node loops say false. */
  readonly leaderOnly?: boolean;
  /** Once, before the first key. */
  start?(context: LoopContext): void | Promise<void>;
  reconcile(key: Key, context: LoopContext): Promise<Outcome>;
  /** Once, after the last key; must not undo the world (containers keep running). */
  stop?(): void | Promise<void>;
}
