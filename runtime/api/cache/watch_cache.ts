/**
 * The watch cache: one watch over the whole store, fanned out to a cache for each resource.
 *
 * Laws: changes are applied once, in revision order, with no gap; `revision` never goes back; a write that this process
 * did is visible as soon as every earlier revision is; nothing is decoded that nobody reads.
 */
import { StatusError } from "../../schema/mod.ts";
import { type Store, type StoreChange, StoreError } from "../../store/store.ts";
import { ObjectRevision } from "./object_revision.ts";
import { ResourceCache } from "./resource_cache.ts";
import { SharedRevision } from "./shared_revision.ts";
import { Waiters } from "./waiters.ts";

const root = "/registry/";
const retryMs = 200;

type Change = { readonly key: string; readonly revision: number; readonly put?: ObjectRevision | Uint8Array };

export class WatchCache {
  #revision = 0;
  /** Reads of older revisions are refused, though the cache could answer some: a page token dies at one moment. */
  horizon = 0;
  readonly #byPrefix = new Map<string, ResourceCache>();
  /** Keys of resources that are not served (yet). */
  readonly #unrouted = new Map<string, { revision: number; value: Uint8Array }>();
  /** Own writes whose earlier revisions have not arrived. */
  readonly #early = new Map<number, Change>();
  readonly #waiters = new Waiters();
  readonly #stop = new AbortController();
  readonly #newest: SharedRevision;
  #running: Promise<void> = Promise.resolve();

  private constructor(readonly store: Store, private readonly onTrouble: (error: unknown) => void) {
    this.#newest = new SharedRevision(() => store.revision());
  }

  static async open(store: Store, prefixes: Iterable<string>, onTrouble: (error: unknown) => void) {
    const cache = new WatchCache(store, onTrouble);
    for (const prefix of prefixes) cache.#byPrefix.set(prefix, new ResourceCache(prefix, 0));
    const { entries, revision } = await store.list({ prefix: root });
    for (const { key, revision, value } of entries) cache.#load(key, revision, value);
    cache.#revision = revision;
    for (const resource of cache.#byPrefix.values()) resource.forgetEvents(revision);
    cache.#running = cache.#follow();
    return cache;
  }

  get revision(): number {
    return this.#revision;
  }

  /** The cache of a storage prefix; a new one takes over what is stored there already. */
  resource(prefix: string): ResourceCache {
    const known = this.#byPrefix.get(prefix);
    if (known) return known;
    const added = new ResourceCache(prefix, this.#revision);
    this.#byPrefix.set(prefix, added);
    for (const [key, { revision, value }] of this.#unrouted) {
      if (key.startsWith(`${prefix}/`) && this.#unrouted.delete(key)) this.#load(key, revision, value);
    }
    return added;
  }

  resources(): Iterable<ResourceCache> {
    return this.#byPrefix.values();
  }

  /** Resolves when a read of the cache sees every write that was answered before, whoever did it (KEP-2340). */
  async fresh(): Promise<void> {
    const revision = await this.#newest.read();
    if (revision > this.#revision) await this.reached(revision);
  }

  /** Resolves when the cache has reached a revision. Throws Timeout in upstream's words when it does not in 3 s. */
  async reached(revision: number): Promise<void> {
    if (revision <= this.#revision) return;
    this.store.requestProgress().catch(this.onTrouble);
    if (await this.#waiters.wait(revision, 3000)) return;
    throw new StatusError("Timeout", `Timeout: Too large resource version: ${revision}, current: ${this.#revision}`, {
      causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
      retryAfterSeconds: 1,
    });
  }

  /** A write of this process was answered. `put` absent: it was a deletion. */
  wrote(key: string, revision: number, put?: ObjectRevision): void {
    if (revision <= this.#revision) return;
    this.#early.set(revision, { key, revision, put });
    this.#applyEarly();
    this.#waiters.wake(this.#revision);
  }

  /** Sends a bookmark to every watcher that asked for them. */
  bookmark(): void {
    for (const resource of this.#byPrefix.values()) resource.bookmark(this.#revision);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    for (const resource of this.#byPrefix.values()) resource.closeWatches();
    this.#waiters.close();
    await this.#running;
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        await this.#followOnce();
      } catch (error) {
        if (signal.aborted) return;
        this.onTrouble(error);
        await new Promise((resolve) => setTimeout(resolve, retryMs));
        if (error instanceof StoreError && error.reason === "compacted") await this.#startOver();
      }
    }
  }

  async #followOnce(): Promise<void> {
    const { signal } = this.#stop;
    for await (const { changes, revision } of this.store.watch({ prefix: root, after: this.#revision, signal })) {
      for (const change of changes) this.#applyStored(change);
      this.#advance(revision);
      this.#applyEarly();
      this.#waiters.wake(this.#revision);
    }
  }

  #applyStored(change: StoreChange): void {
    const [key, revision] = change.type === "put"
      ? [change.entry.key, change.entry.revision]
      : [change.key, change.revision];
    if (revision <= this.#revision) return;
    this.#apply(this.#early.get(revision) ?? { key, revision, put: valueOf(change) });
  }

  #applyEarly(): void {
    let next = this.#early.get(this.#revision + 1);
    while (next) {
      this.#apply(next);
      this.#advance(next.revision);
      next = this.#early.get(this.#revision + 1);
    }
  }

  #advance(revision: number): void {
    this.#early.delete(revision);
    if (revision <= this.#revision) return;
    this.#revision = revision;
    for (const early of this.#early.keys()) if (early <= revision) this.#early.delete(early);
  }

  #apply({ key, revision, put }: Change): void {
    const resource = this.#route(key);
    if (!resource) {
      if (put) this.#unrouted.set(key, { revision, value: put instanceof ObjectRevision ? put.bytes : put });
      else this.#unrouted.delete(key);
      return;
    }
    const path = key.slice(resource.prefix.length + 1);
    if (!put) resource.delete(path, revision);
    else resource.put(put instanceof ObjectRevision ? put : ObjectRevision.ofStored(path, revision, put));
  }

  #load(key: string, revision: number, value: Uint8Array): void {
    const resource = this.#route(key);
    if (!resource) this.#unrouted.set(key, { revision, value });
    else resource.load(ObjectRevision.ofStored(key.slice(resource.prefix.length + 1), revision, value));
  }

  /** `/registry/pods/...` or `/registry/services/specs/...`: the longer prefix wins. */
  #route(key: string): ResourceCache | undefined {
    const first = key.indexOf("/", root.length);
    const second = key.indexOf("/", first + 1);
    return (second < 0 ? undefined : this.#byPrefix.get(key.slice(0, second))) ??
      this.#byPrefix.get(key.slice(0, first));
  }

  /** The store has compacted what was missed: list again and tell the differences as changes. */
  async #startOver(): Promise<void> {
    const { entries, revision } = await this.store.list({ prefix: root });
    const present = new Set<string>();
    for (const { key, revision, value } of entries) {
      present.add(key);
      if (this.#route(key)?.get(this.#pathOf(key))?.revision !== revision) this.#apply({ key, revision, put: value });
    }
    for (const resource of this.#byPrefix.values()) {
      for (const { path } of resource.list()) {
        if (!present.has(`${resource.prefix}/${path}`)) resource.delete(path, revision);
      }
      resource.closeWatches();
      resource.forgetEvents(revision);
    }
    this.#advance(revision);
    this.#waiters.wake(revision);
  }

  #pathOf(key: string): string {
    return key.slice((this.#route(key)?.prefix.length ?? 0) + 1);
  }
}

function valueOf(change: StoreChange): Uint8Array | undefined {
  return change.type === "put" ? change.entry.value : undefined;
}
