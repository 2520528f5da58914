/** Objects that the API server itself keeps: looked at again whenever somebody changes them. */
import type { WatchCache } from "../cache/mod.ts";

export interface Kept {
  readonly cache: WatchCache;
  /** Where they are stored, and their one path there. */
  readonly prefixes: readonly string[];
  readonly path: string;
  readonly reconcile: () => Promise<void>;
  readonly onTrouble: (error: unknown) => void;
}

/** Resolves when they are there; dispose to stop keeping them. */
export async function keepUp({ cache, prefixes, path, reconcile, onTrouble }: Kept): Promise<Disposable> {
  await reconcile();
  let running: Promise<void> | undefined;
  const again = () => {
    running ??= Promise.resolve().then(() => (running = undefined, reconcile())).catch(onTrouble);
  };
  const sink = {
    event: (_type: string, revision: { path: string }) => {
      if (revision.path === path) again();
    },
    bookmark: () => {},
    closed: () => {},
  };
  const stack = new DisposableStack();
  const folder = path.slice(0, path.indexOf("/") + 1);
  for (const prefix of prefixes) {
    const start = { selection: { folder }, sink, bookmarks: false, after: cache.revision };
    stack.use(cache.resource(prefix).watch(start, cache.revision));
  }
  return stack;
}
