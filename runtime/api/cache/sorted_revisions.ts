/**
 * The present objects of one resource in key order, as arrays that readers may keep: a snapshot of what did not change costs
 * nothing. Writes only note what changed; it is brought into order when somebody looks, so that writing many objects does not
 * move all the others each time.
 */
import type { ObjectRevision } from "./object_revision.ts";

/** Changes that wait: what they replaced is kept as long. */
const mostWaiting = 512;
/** So few are put in their places one by one; more are merged. */
const few = 64;

export class SortedRevisions {
  #items: ObjectRevision[] = [];
  #shared = false;
  readonly #byPath = new Map<string, ObjectRevision>();
  /** Paths whose present state is not in `#items` yet. */
  readonly #waiting = new Set<string>();

  get size(): number {
    return this.#byPath.size;
  }

  get(path: string): ObjectRevision | undefined {
    return this.#byPath.get(path);
  }

  set(revision: ObjectRevision): void {
    this.#byPath.set(revision.path, revision);
    this.#wait(revision.path);
  }

  delete(path: string): void {
    if (this.#byPath.delete(path)) this.#wait(path);
  }

  /** Never changes after it was handed out. */
  snapshot(): readonly ObjectRevision[] {
    this.#settle();
    this.#shared = true;
    return this.#items;
  }

  #wait(path: string): void {
    this.#waiting.add(path);
    if (this.#waiting.size >= mostWaiting) this.#settle();
  }

  #settle(): void {
    if (this.#waiting.size === 0) return;
    if (this.#waiting.size > few) this.#items = this.#merged();
    else {
      if (this.#shared) this.#items = this.#items.slice();
      for (const path of this.#waiting) this.#place(path);
    }
    this.#shared = false;
    this.#waiting.clear();
  }

  #place(path: string): void {
    const at = lowerBound(this.#items, path);
    const replaces = this.#items[at]?.path === path ? 1 : 0;
    const present = this.#byPath.get(path);
    if (present && replaces) this.#items[at] = present;
    else this.#items.splice(at, replaces, ...present ? [present] : []);
  }

  #merged(): ObjectRevision[] {
    const changed = [...this.#waiting].sort();
    const merged: ObjectRevision[] = [];
    let from = 0;
    for (const path of changed) {
      const to = lowerBound(this.#items, path, from);
      for (; from < to; from++) merged.push(this.#items[from]!);
      if (this.#items[from]?.path === path) from++;
      const present = this.#byPath.get(path);
      if (present) merged.push(present);
    }
    for (; from < this.#items.length; from++) merged.push(this.#items[from]!);
    return merged;
  }
}

/** Index of the first item from `from` on whose path is not below `path`. */
export function lowerBound(items: readonly ObjectRevision[], path: string, from = 0): number {
  let low = from;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (items[middle]!.path < path) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The items below a folder (`namespace/`), or all of them for the empty one. */
export function below(items: readonly ObjectRevision[], folder: string): readonly ObjectRevision[] {
  if (folder === "") return items;
  const end = folder.slice(0, -1) + String.fromCharCode(folder.charCodeAt(folder.length - 1) + 1);
  return items.slice(lowerBound(items, folder), lowerBound(items, end));
}
