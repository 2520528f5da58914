/** `image`: the files of an image, to be read but not run (KEP-4639). The engine's own layers are shown, nothing is copied. */
import $ from "dax";
import { bindMount } from "./mounts.ts";
import { MountError } from "./payload.ts";

/** `layers`: folders, the topmost first; absent where the engine keeps images in another way. */
export async function mountImage(layers: readonly string[] | undefined, place: string): Promise<void> {
  const [only, ...lower] = layers ?? [];
  if (only === undefined) throw new MountError("image volumes need an engine that keeps images in overlay2");
  if (lower.length === 0) return await bindMount(only, place, { options: ["ro", "noexec"] });
  await Deno.mkdir(place, { recursive: true, mode: 0o755 });
  // Paths of layers hold no colons or commas: the engine names them by digest.
  await $`mount -t overlay -o ${`ro,noexec,lowerdir=${layers!.join(":")}`} overlay ${place}`.quiet();
}
