/**
 * Image archives that an administrator puts into a folder (`docker save` wrote them): loaded once each, and again when the
 * engine has lost what was in them. A marker beside an archive names its images.
 */
import type { Engine } from "../engine.ts";

export interface LoadedArchive {
  readonly path: string;
  /** Why it could not be loaded; absent when it was. */
  readonly error?: string;
}

/**
 * Loads every `*.tar`, `*.tar.gz` and `*.tgz` of the folder that has no marker beside it, is newer than its marker, or whose
 * images are gone. A folder that does not exist is an empty one; one broken archive does not keep the others out.
 */
export async function loadImageFolder(engine: Engine, folder: string): Promise<LoadedArchive[]> {
  const loaded: LoadedArchive[] = [];
  for (const path of await archives(folder)) {
    if (await isLoaded(engine, path)) continue;
    try {
      const images = await engine.loadImages(path);
      await Deno.writeTextFile(markerOf(path), images.join("\n"));
      loaded.push({ path });
    } catch (error) {
      loaded.push({ path, error: error instanceof Error ? error.message : String(error) });
    }
  }
  return loaded;
}

async function archives(folder: string): Promise<string[]> {
  const paths: string[] = [];
  try {
    for await (const { name, isFile } of Deno.readDir(folder)) {
      if (isFile && /\.(tar|tar\.gz|tgz)$/.test(name)) paths.push(`${folder}/${name}`);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return paths.sort();
}

function markerOf(path: string): string {
  return `${path}.loaded`;
}

async function isLoaded(engine: Engine, path: string): Promise<boolean> {
  const marker = await Deno.stat(markerOf(path)).catch(() => undefined);
  if (!marker?.mtime) return false;
  const archive = await Deno.stat(path);
  if ((archive.mtime?.getTime() ?? 0) > marker.mtime.getTime()) return false;
  const images = (await Deno.readTextFile(markerOf(path))).split("\n").filter((name) => name !== "");
  const present = await Promise.all(images.map((name) => engine.image(name)));
  return images.length > 0 && present.every((image) => image !== undefined);
}
