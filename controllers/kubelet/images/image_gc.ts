/**
 * Images that nobody uses make room when the disk is nearly full: the oldest unused first, until enough is free.
 *
 * Source: Kubernetes docs, "Garbage collection of unused containers and images": 85 % begins it, 80 % ends it, and nothing
 * goes that is younger than two minutes here.
 */
import { statfs } from "node:fs/promises";
import { denoImage, type ImageInfo, pauseImage } from "../../../runtime/engine/mod.ts";
import { specOf } from "../pod/pod.ts";
import type { Agent } from "../sync/agent.ts";

const highShare = 0.85;
const lowShare = 0.8;
const minAgeMs = 120_000;

export interface Unused {
  readonly image: ImageInfo;
  /** When it was first seen unused, in milliseconds since the epoch. */
  readonly since: number;
}

/** Which go, the longest unused first, until `bytes` are free. Pure. */
export function planImages(unused: readonly Unused[], bytes: number, now: number): ImageInfo[] {
  const old = unused.filter(({ since }) => now - since >= minAgeMs).sort((a, b) => a.since - b.since);
  const chosen: ImageInfo[] = [];
  let freed = 0;
  for (const { image } of old) {
    if (freed >= bytes) break;
    chosen.push(image);
    freed += image.sizeBytes;
  }
  return chosen;
}

export class ImageCollector {
  readonly #unusedSince = new Map<string, number>();

  constructor(readonly folder: string) {}

  /** Looks at images only when the disk is nearly full. */
  async collect(agent: Agent): Promise<void> {
    const { blocks, bfree, bsize } = await statfs(this.folder);
    const used = (blocks - bfree) * bsize;
    if (used < blocks * bsize * highShare) return this.#unusedSince.clear();
    const { engine, context } = agent;
    const now = context.clock.now();
    const unused = (await engine.images()).filter((image) => !isUsed(agent, image)).map((image) => {
      const since = this.#unusedSince.get(image.id) ?? now;
      this.#unusedSince.set(image.id, since);
      return { image, since };
    });
    for (const image of planImages(unused, used - blocks * bsize * lowShare, now)) {
      for (const reference of image.tags.length > 0 ? image.tags : [image.id]) await engine.removeImage(reference);
      this.#unusedSince.delete(image.id);
      context.log.info("unused image removed, the disk is nearly full", { image: image.tags[0] ?? image.id });
    }
  }
}

function isUsed({ mirror, pods }: Agent, { id, tags, digests }: ImageInfo): boolean {
  const names = new Set([id, ...tags, ...digests]);
  if (tags.some((tag) => tag === pauseImage || tag === denoImage)) return true;
  const containers = mirror.keys().flatMap((key) => mirror.uidsOf(key)).flatMap((uid) => mirror.of(uid));
  if (containers.some(({ state }) => names.has(state.imageId) || names.has(state.image))) return true;
  // What a pod of this node names, as a container or a volume, is about to be used.
  return pods.list().some((pod) => {
    const { containers, initContainers = [], volumes = [] } = specOf(pod as never);
    const wanted = [...containers, ...initContainers].map(({ image }) => image);
    return [...wanted, ...volumes.map((volume) => volume.image?.reference)].some((name) => name && names.has(name));
  });
}
