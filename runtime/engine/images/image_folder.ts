/** Image archives that an administrator puts into a folder (`docker save` wrote them): loaded once each. */
import type { Engine } from "../engine.ts";

export interface LoadedArchive {
  readonly path: string;
  /** Why it could not be loaded; absent when it was. */
  readonly error?: string;
}

/**
 * Loads every `*.tar`, `*.tar.gz` and `*.tgz` of the folder that has no marker beside it or is newer than its marker. A
 * folder that does not exist is an empty one; one broken archive does not keep the others out.
 */
export async function loadImageFolder(engine: Engine, folder: string): Promise<LoadedArchive[]> {
  const loaded: LoadedArchive[] = [];
  for (const path of await archives(folder)) {
    if (await isLoaded(path)) continue;
    try {
      await engine.loadImages(path);
      await Deno.writeTextFile(markerOf(path), "");
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

async function isLoaded(path: string): Promise<boolean> {
  const marker = await Deno.stat(markerOf(path)).catch(() => undefined);
  if (!marker?.mtime) return false;
  const archive = await Deno.stat(path);
  return (archive.mtime?.getTime() ?? 0) <= marker.mtime.getTime();
}
