/** `imageID` of container statuses: the repository digest where the image has one, else the id. Remembered: ids never change. */
import type { Engine } from "../../../runtime/engine/mod.ts";

export class ImageNames {
  readonly #names = new Map<string, string>();

  constructor(readonly engine: Engine) {}

  async learn(imageIds: Iterable<string>): Promise<void> {
    for (const id of new Set(imageIds)) {
      if (this.#names.has(id)) continue;
      const image = await this.engine.image(id);
      const digest = image?.digests[0];
      this.#names.set(id, digest ? `docker-pullable://${digest}` : `docker://${id}`);
    }
  }

  of(imageId: string): string {
    return this.#names.get(imageId) ?? `docker://${imageId}`;
  }
}
