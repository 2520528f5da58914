/** One change of one object as the cache hands it to every watcher, with the frames that watchers write made once. */
import { ObjectRevision } from "./object_revision.ts";

export type EventType = "ADDED" | "MODIFIED" | "DELETED";

export class CacheEvent {
  #departed?: ObjectRevision;
  readonly #frames = new Map<string, Uint8Array>();
  /** What a ring keeps for it. */
  readonly byteLength: number;

  private constructor(
    readonly type: EventType,
    readonly revision: number,
    /** What is there now; for DELETED, what was there, as of the deletion. */
    readonly current: ObjectRevision,
    readonly previous?: ObjectRevision,
  ) {
    this.byteLength = current.byteLength;
  }

  static put(current: ObjectRevision, previous?: ObjectRevision): CacheEvent {
    return new CacheEvent(previous ? "MODIFIED" : "ADDED", current.revision, current, previous);
  }

  static deleted(previous: ObjectRevision, revision: number): CacheEvent {
    return new CacheEvent("DELETED", revision, previous.at(revision), previous);
  }

  /** What a selective watcher is told when the object stops matching: its last matching state at this revision. */
  get departed(): ObjectRevision {
    if (this.type === "DELETED" || !this.previous) return this.current;
    return this.#departed ??= this.previous.at(this.revision);
  }

  /** The bytes that a watcher writes, made by the first watcher that needs them. */
  frame(name: string, make: () => Uint8Array): Uint8Array {
    const known = this.#frames.get(name);
    if (known) return known;
    const made = make();
    this.#frames.set(name, made);
    return made;
  }

  /** After the fan-out nobody shares the frames any more; of what is no longer present, the ring keeps only bytes. */
  settle(): void {
    this.#frames.clear();
    this.previous?.release();
    if (this.type === "DELETED") this.current.release();
  }
}
