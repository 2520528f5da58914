/**
 * What makes keys due. Sources of API changes share the informers; what is there at the start is enqueued below user
 * changes (`resyncPriority`), so that a restart of a large cluster does not delay what somebody does now.
 */
import { type Key, keyOf, type Kind, type Stored } from "../schema/mod.ts";
import type { Change, Enqueue, EnqueueOptions, InformerFilter, LoopContext, Source } from "./controller.ts";
import { ownerKey } from "./owner.ts";

export const resyncPriority = -1;

/** Key of loops that have only one thing to bring into line. */
export const everything: Key = "*";

export interface WatchSourceOptions<T> extends InformerFilter {
  /** Changes that it says no to make nothing due. */
  readonly when?: (change: Change<T>) => boolean;
}

/** The key of every object of the kind that is added, changed or deleted. */
export function watches<T>(kind: Kind<T>, options: WatchSourceOptions<T> = {}): Source {
  return changes(kind, options, (object) => [keyOf(object)]);
}

/** The key of the controlling owner, when it is of `ownerKind`. */
export function owned<T>(kind: Kind<T>, ownerKind: Kind<unknown>, options: WatchSourceOptions<T> = {}): Source {
  return changes(kind, options, (object) => {
    const key = ownerKey(object, ownerKind);
    return key === undefined ? [] : [key];
  });
}

/** Whatever keys `keys` names, of the object as it is and as it was before. */
export function mapped<T>(
  kind: Kind<T>,
  keys: (object: Stored<T>, context: LoopContext) => Iterable<Key>,
  options: WatchSourceOptions<T> = {},
): Source {
  return changes(kind, options, keys);
}

/** Nothing becomes due, but the local copy of the kind is complete before the first key is worked on. */
export function reads<T>(kind: Kind<T>, filter: InformerFilter = {}): Source {
  return { start: (_enqueue, { informers, signal }) => settledOrAborted(informers.of(kind, filter).synced, signal) };
}

/** At the start, and again after each interval. For worlds that tell nothing; prefer an event where one exists. */
export function every(ms: number, key: Key = everything): Source {
  return {
    start(enqueue, { clock, signal }) {
      let timer: Disposable;
      const tick = () => {
        enqueue(key, { priority: resyncPriority });
        timer = clock.after(ms, tick);
      };
      tick();
      signal.addEventListener("abort", () => timer[Symbol.dispose](), { once: true });
    },
  };
}

/** A source that code pushes: docker's events, probe results, files. What is pushed before the start is kept. */
export interface Signalled extends Source {
  signal(key?: Key, options?: EnqueueOptions): void;
}

export function signalled(): Signalled {
  const early = new Map<Key, EnqueueOptions | undefined>();
  let push: Enqueue = (key, options) => void early.set(key, options);
  return {
    signal: (key = everything, options) => push(key, options),
    start(enqueue, { signal }) {
      push = enqueue;
      for (const [key, options] of early) enqueue(key, options);
      early.clear();
      signal.addEventListener("abort", () => push = (key, options) => void early.set(key, options), { once: true });
    },
  };
}

function changes<T>(
  kind: Kind<T>,
  { when = () => true, ...filter }: WatchSourceOptions<T>,
  keys: (object: Stored<T>, context: LoopContext) => Iterable<Key>,
): Source {
  return {
    async start(enqueue, context) {
      let priority = resyncPriority;
      const informer = context.informers.of(kind, filter);
      const handler = informer.onChange((change) => {
        if (!when(change)) return;
        const due = new Set(keys(change.object, context));
        if (change.old) { for (const key of keys(change.old, context)) due.add(key); }
        for (const key of due) enqueue(key, { priority });
      });
      context.signal.addEventListener("abort", () => handler[Symbol.dispose](), { once: true });
      await settledOrAborted(informer.synced, context.signal);
      priority = 0;
    },
  };
}

/** Resolves when `promise` does or the signal aborts, and leaves no listener behind. */
function settledOrAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = () => {
      signal.removeEventListener("abort", finish);
      resolve();
    };
    signal.addEventListener("abort", finish, { once: true });
    promise.then(finish);
  });
}
