/**
 * Ends what outlives its proof: a watch that was begun with a token ends when the token expires, or when the account or the
 * object that it is bound to goes. Told by the watch cache; nothing is polled.
 */
import type { Proof, User } from "../../auth/user.ts";
import type { Clock } from "../../loop/controller.ts";
import type { ResourceCache, WatchCache } from "../cache/mod.ts";
import type { Connection } from "../connection.ts";

const bindable = ["serviceaccounts", "pods", "secrets", "minions"];
/** Timers hold at most 2^31 ms. */
const longestMs = 2 ** 31 - 1;

export class Revocations implements Disposable {
  readonly #waiting = new Map<string, Set<() => void>>();
  readonly #held = new DisposableStack();
  #stopped = false;

  constructor(private readonly cache: WatchCache, private readonly clock: Clock) {
    this.#held.defer(() => this.#stopped = true);
    for (const plural of bindable) this.#follow(cache.resource(`/registry/${plural}`));
  }

  /** The connection, as long as the proof of who asks over it holds. */
  bind(connection: Connection, { proof, impersonator }: User): Connection {
    const held = impersonator?.proof ?? proof;
    return held ? { ...connection, whenLost: (end) => this.whenLost(held, end) } : connection;
  }

  /** Calls `end` when the proof no longer holds, at most once; dispose when it does not matter any more. */
  whenLost({ uids, expiresMs }: Proof, end: () => void): Disposable {
    const held = new DisposableStack();
    const once = () => {
      held.dispose();
      end();
    };
    for (const uid of uids) {
      const callbacks = this.#waiting.get(uid) ?? new Set();
      this.#waiting.set(uid, callbacks.add(once));
      held.defer(() => {
        callbacks.delete(once);
        if (callbacks.size === 0) this.#waiting.delete(uid);
      });
    }
    const leftMs = Math.max(0, expiresMs - this.clock.now());
    if (leftMs < longestMs) held.use(this.clock.after(leftMs, once));
    return held;
  }

  [Symbol.dispose](): void {
    this.#held.dispose();
  }

  #follow(resource: ResourceCache): void {
    const sink = {
      event: (type: string, revision: { readonly object: { metadata: { uid: string } } }) => {
        if (type === "DELETED" && this.#waiting.size > 0) this.#lost(revision.object.metadata.uid);
      },
      bookmark: () => {},
      closed: () => {
        if (!this.#stopped) this.#follow(resource);
      },
    };
    const { revision } = this.cache;
    this.#held.use(resource.watch({ selection: { folder: "" }, sink, bookmarks: false, after: revision }, revision));
  }

  #lost(uid: string): void {
    for (const end of [...this.#waiting.get(uid) ?? []]) end();
  }
}
