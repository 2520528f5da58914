/**
 * The present objects of one resource in key order, as arrays that readers may keep: a snapshot costs nothing, and the
 * first write after one copies.
 */
import type { ObjectRevision } from "./object_revision.ts";

export class SortedRevisions {
  #items: ObjectRevision[] = [];
  #shared = false;
  readonly #byPath = new Map<string, ObjectRevision>();

  get size(): number {
    return this.#items.length;
  }

  get(path: string): ObjectRevision | undefined {
    return this.#byPath.get(path);
  }

  set(revision: ObjectRevision): void {
    const items = this.#writable();
    const at = lowerBound(items, revision.path);
    const replaces = items[at]?.path === revision.path ? 1 : 0;
    items.splice(at, replaces, revision);
    this.#byPath.set(revision.path, revision);
  }

  delete(path: string): void {
    if (!this.#byPath.delete(path)) return;
    const items = this.#writable();
    items.splice(lowerBound(items, path), 1);
  }

  /** Never changes after it was handed out. */
  snapshot(): readonly ObjectRevision[] {
    this.#shared = true;
    return this.#items;
  }

  #writable(): ObjectRevision[] {
    if (this.#shared) this.#items = this.#items.slice();
    this.#shared = false;
    return this.#items;
  }
}

/** Index of the first item whose path is not below `path`. */
export function lowerBound(items: readonly ObjectRevision[], path: string): number {
  let low = 0;
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
