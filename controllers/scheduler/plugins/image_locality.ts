/**
 * Prefers nodes that have the pod's large images, discounted for images that few nodes have, so that one node does not
 * attract everything.
 */
import { maxScore, type ScorePlugin } from "../plugin.ts";

const megabyte = 1024 * 1024;
/** Below it pulling is quick; above it more makes no difference, for each container. */
const smallest = 23 * megabyte;
const largest = 1000 * megabyte;

export const imageLocality: ScorePlugin = {
  name: "ImageLocality",
  weight: 1,
  prepare({ spec }, cluster) {
    const containers = [...spec.initContainers ?? [], ...spec.containers];
    const wanted = containers.map(({ image = "" }) => withTag(image)).filter((image) => cluster.imageNodes.has(image));
    if (wanted.length === 0) return undefined;
    const most = largest * containers.length;
    return (nodes) =>
      nodes.map(({ images }) => {
        let bytes = 0;
        for (const image of wanted) {
          bytes += Math.trunc((images.get(image) ?? 0) * cluster.imageNodes.get(image)! / cluster.nodes.length);
        }
        const within = Math.min(Math.max(bytes, smallest), most);
        return Math.trunc(maxScore * (within - smallest) / (most - smallest));
      });
  },
};

/** Nodes name images with a tag. */
function withTag(image: string): string {
  return image.lastIndexOf(":") <= image.lastIndexOf("/") ? `${image}:latest` : image;
}
