/**
 * Forgets the store's past in steps, as kube-apiserver does: what was the present one step ago is the oldest that stays
 * readable, so a page token or a watch that is younger than a step always finds what it stands on.
 */
import type { Store } from "../store/store.ts";
import type { WatchCache } from "./cache/mod.ts";

export const compactionMs = 5 * 60_000;

/** One step; to be called every `compactionMs`. Many masters may do so on one store. */
export function compactionSteps(
  store: Pick<Store, "compact">,
  cache: Pick<WatchCache, "revision" | "horizon">,
  onTrouble: (error: unknown) => void,
): () => void {
  let previous = cache.revision;
  return () => {
    const before = previous;
    previous = cache.revision;
    cache.horizon = before;
    store.compact(before).catch(onTrouble);
  };
}
