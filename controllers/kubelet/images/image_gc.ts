/**
 * Images that nobody uses make room when the disk is nearly full: the oldest unused first, until enough is free. Where the
 * configuration names a greatest age, those go too that were unused for so long.
 *
 * Source: Kubernetes docs, "Garbage collection of unused containers and images".
 */
import { statfs } from "node:fs/promises";
import { denoImage, type ImageInfo, pauseImage } from "../../../runtime/engine/mod.ts";
import { msOf, type NodeConfiguration } from "../configuration/mod.ts";
import { specOf } from "../pod/pod.ts";
import type { Agent } from "../sync/agent.ts";

export interface Unused {
  readonly image: ImageInfo;
  /** When it was first seen on the node, in milliseconds since the epoch. */
  readonly firstSeen: number;
  /** When it was first seen unused, likewise. */
  readonly since: number;
}

export interface CollectionLimits {
  readonly minAgeMs: number;
  /** 0: none. */
  readonly maxAgeMs: number;
}

interface Wanted {
  readonly bytes: number;
  readonly now: number;
  readonly limits: CollectionLimits;
}

/** Which go: the too old, and then the longest unused until `bytes` are free. Pure. */
export function planImages(unused: readonly Unused[], { bytes, now, limits }: Wanted): ImageInfo[] {
  const { minAgeMs, maxAgeMs } = limits;
  const old = unused.filter(({ firstSeen }) => now - firstSeen >= minAgeMs)
    .sort((a, b) => a.since - b.since || a.firstSeen - b.firstSeen);
  const chosen: ImageInfo[] = [];
  let freed = 0;
  for (const { image, since } of old) {
    const isTooOld = maxAgeMs > 0 && now - since >= maxAgeMs;
    if (freed >= bytes && !isTooOld) break;
    chosen.push(image);
    freed += image.sizeBytes;
  }
  return chosen;
}

type Settings = Pick<
  NodeConfiguration,
  "imageGCHighThresholdPercent" | "imageGCLowThresholdPercent" | "imageMinimumGCAge" | "imageMaximumGCAge"
>;

export class ImageCollector {
  readonly #unusedSince = new Map<string, number>();
  readonly #limits: CollectionLimits;

  constructor(readonly folder: string, readonly settings: Settings) {
    this.#limits = { minAgeMs: msOf(settings.imageMinimumGCAge), maxAgeMs: msOf(settings.imageMaximumGCAge) };
  }

  /** Looks at images only when the disk is nearly full, or when they may get too old. */
  async collect(agent: Agent): Promise<void> {
    const { imageGCHighThresholdPercent: high, imageGCLowThresholdPercent: low } = this.settings;
    const { blocks, bfree, bsize } = await statfs(this.folder);
    const [used, all] = [(blocks - bfree) * bsize, blocks * bsize];
    const isFull = used >= all * high / 100;
    if (!isFull && this.#limits.maxAgeMs === 0) return this.#unusedSince.clear();
    await this.#remove(agent, isFull ? used - all * low / 100 : 0);
  }

  /** All of them that are old enough: the node is short of disk. Whether any went. */
  async removeUnused(agent: Agent): Promise<boolean> {
    return await this.#remove(agent, Infinity) > 0;
  }

  async #remove(agent: Agent, bytes: number): Promise<number> {
    const { engine, context } = agent;
    const now = context.clock.now();
    const chosen = planImages(await this.#unused(agent, now), { bytes, now, limits: this.#limits });
    const removals = chosen.map(async (image) => {
      for (const reference of image.tags.length > 0 ? image.tags : [image.id]) await engine.removeImage(reference);
      context.log.info("unused image removed", { image: image.tags[0] ?? image.id, sizeBytes: image.sizeBytes });
    });
    const results = await Promise.allSettled(removals);
    for (const result of results) {
      // Somebody else's container may need it, of whom the pods know nothing.
      if (result.status === "rejected") context.log.warn("unused image stays", { error: result.reason });
    }
    return results.filter(({ status }) => status === "fulfilled").length;
  }

  async #unused(agent: Agent, now: number): Promise<Unused[]> {
    const images = await agent.engine.images();
    agent.imageAges.note(images, now);
    const unused = images.filter((image) => !isUsed(agent, image));
    const ids = new Set(unused.map(({ id }) => id));
    for (const id of this.#unusedSince.keys()) if (!ids.has(id)) this.#unusedSince.delete(id);
    for (const id of ids) if (!this.#unusedSince.has(id)) this.#unusedSince.set(id, now);
    return unused.map((image) => ({
      image,
      firstSeen: agent.imageAges.firstSeen(image.id)!,
      since: this.#unusedSince.get(image.id)!,
    }));
  }
}

function isUsed({ mirror, pods }: Agent, { id, tags, digests }: ImageInfo): boolean {
  const names = new Set([id, ...tags, ...digests]);
  if (tags.some((tag) => tag === pauseImage || tag === denoImage)) return true;
  const containers = mirror.all();
  if (containers.some(({ state }) => names.has(state.imageId) || names.has(state.image))) return true;
  // What a pod of this node names, as a container or a volume, is about to be used.
  return pods.list().some((pod) => {
    const { containers, initContainers = [], volumes = [] } = specOf(pod as never);
    const wanted = [...containers, ...initContainers].map(({ image }) => image);
    return [...wanted, ...volumes.map((volume) => volume.image?.reference)].some((name) => name && names.has(name));
  });
}
