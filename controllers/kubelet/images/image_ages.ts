/** Since when images are known to be on this node. Who has just come is not collected before his container has begun. */
import type { ImageInfo } from "../../../runtime/engine/mod.ts";

export class ImageAges {
  readonly #seen = new Map<string, number>();

  /** All images that are there now, at the time in milliseconds since the epoch. */
  note(images: readonly ImageInfo[], now: number): void {
    const ids = new Set(images.map(({ id }) => id));
    for (const id of this.#seen.keys()) if (!ids.has(id)) this.#seen.delete(id);
    for (const id of ids) if (!this.#seen.has(id)) this.#seen.set(id, now);
  }

  /** When it was first noted; absent when it never was. */
  firstSeen(id: string): number | undefined {
    return this.#seen.get(id);
  }
}
