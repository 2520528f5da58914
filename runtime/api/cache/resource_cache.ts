/**
 * The watch cache of one resource: its present objects, its recent events, its watchers. Filled by `WatchCache`, which
 * owns the order; everything here is synchronous.
 */
import { StatusError } from "../../schema/mod.ts";
import { CacheEvent } from "./cache_event.ts";
import type { ObjectRevision } from "./object_revision.ts";
import { below, SortedRevisions } from "./sorted_revisions.ts";
import { type Selection, Subscription, type WatchSink } from "./subscription.ts";

/** Events that a watcher may resume over: at most so many, and so many bytes of objects. */
const ringSize = 4096;
const ringBytes = 8 * 1024 * 1024;

export interface WatchStart {
  readonly selection: Selection;
  readonly sink: WatchSink;
  readonly bookmarks: boolean;
  /** Changes after this revision; absent: the present objects come first. */
  readonly after?: number;
  /** End the initial objects with a bookmark that says so. */
  readonly markInitialEnd?: boolean;
}

export class ResourceCache {
  readonly #objects = new SortedRevisions();
  #ring: CacheEvent[] = [];
  #ringBytes = 0;
  #changed: number;
  readonly #subscriptions = new Set<Subscription>();
  #delivered = 0;

  /** `known`: the revision that this cache knows everything since; older watches are Expired. */
  constructor(readonly prefix: string, private known: number) {
    this.#changed = known;
  }

  /** Revision of the newest change: what is here was the same at every later revision. */
  get changed(): number {
    return this.#changed;
  }

  get size(): number {
    return this.#objects.size;
  }

  get watchers(): number {
    return this.#subscriptions.size;
  }

  /** Changes that watchers were told of, once for each watcher. */
  get delivered(): number {
    return this.#delivered;
  }

  get(path: string): ObjectRevision | undefined {
    return this.#objects.get(path);
  }

  /** In key order; a snapshot that the caller may keep. */
  list(folder = ""): readonly ObjectRevision[] {
    return below(this.#objects.snapshot(), folder);
  }

  /** What was there before watching began: no event. */
  load(revision: ObjectRevision): void {
    this.#objects.set(revision);
  }

  put(revision: ObjectRevision): void {
    const previous = this.#objects.get(revision.path);
    this.#objects.set(revision);
    this.#publish(CacheEvent.put(revision, previous));
  }

  delete(path: string, revision: number): void {
    const previous = this.#objects.get(path);
    if (!previous) return;
    this.#objects.delete(path);
    this.#publish(CacheEvent.deleted(previous, revision));
  }

  /** Everything since `now` is known; used when a cache starts over. */
  forgetEvents(now: number): void {
    this.#ring = [];
    this.#ringBytes = 0;
    this.known = now;
    this.#changed = now;
  }

  /** `now`: the cache's revision, which the initial objects are true at. Throws Expired. */
  watch(start: WatchStart, now: number): Disposable {
    const subscription = new Subscription(start.selection, start.sink, start.bookmarks);
    if (start.after === undefined) this.#sendInitial(start, now);
    else this.#replay(subscription, start.after);
    this.#subscriptions.add(subscription);
    return { [Symbol.dispose]: () => void this.#subscriptions.delete(subscription) };
  }

  bookmark(revision: number): void {
    for (const { bookmarks, sink } of this.#subscriptions) if (bookmarks) sink.bookmark(revision, false);
  }

  /** Ends every watch. */
  closeWatches(error?: StatusError): void {
    const all = [...this.#subscriptions];
    this.#subscriptions.clear();
    for (const { sink } of all) sink.closed(error);
  }

  #sendInitial({ selection, sink, markInitialEnd }: WatchStart, now: number): void {
    for (const revision of this.list(selection.folder)) {
      if (!selection.matches || selection.matches(revision.object)) sink.event("ADDED", revision);
    }
    if (markInitialEnd) sink.bookmark(now, true);
  }

  #replay(subscription: Subscription, after: number): void {
    if (after < this.known) {
      throw new StatusError("Expired", `too old resource version: ${after} (${this.known})`);
    }
    for (const event of this.#ring) if (event.revision > after) subscription.deliver(event);
  }

  #publish(event: CacheEvent): void {
    this.#changed = event.revision;
    this.#ring.push(event);
    this.#ringBytes += event.byteLength;
    if (this.#ring.length >= 2 * ringSize || this.#ringBytes >= 2 * ringBytes) this.#trim();
    for (const subscription of this.#subscriptions) if (subscription.deliver(event)) this.#delivered++;
    event.settle();
  }

  /** In one go for many events, so that an event costs no shifting. */
  #trim(): void {
    let dropped = 0;
    for (const { byteLength } of this.#ring) {
      if (this.#ring.length - dropped <= ringSize && this.#ringBytes <= ringBytes) break;
      this.#ringBytes -= byteLength;
      dropped++;
    }
    this.known = this.#ring[dropped - 1]!.revision;
    this.#ring = this.#ring.slice(dropped);
  }
}
