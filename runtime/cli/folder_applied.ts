/** Waits until every file of the manifests folders has been looked at, and says which could not be applied. */
import { type Client, sleep, systemClock } from "../loop/mod.ts";
import { isReason, type Kind } from "../schema/mod.ts";

/** The object that stands for a file of a manifests folder, as far as a person at the terminal needs it. */
export interface FileView {
  readonly metadata?: { readonly name?: string };
  readonly spec: { readonly folder: string; readonly path: string };
  readonly status?: { readonly state?: string; readonly message?: string };
}

export interface FolderFiles {
  readonly client: Client;
  readonly kind: Kind<FileView>;
  readonly folders: readonly string[];
  readonly signal: AbortSignal;
}

/** Every file that was seen when the last one had been looked at, or the signal aborted. */
export async function untilFolderApplied({ client, kind, folders, signal }: FolderFiles): Promise<FileView[]> {
  const roots = await Promise.all(folders.map((folder) => Deno.realPath(folder).catch(() => folder)));
  const counts = await Promise.all(roots.map(countManifests));
  const expected = counts.reduce((sum, count) => sum + count, 0);
  const seen = new Map<string, FileView>();
  while (!signal.aborted) {
    try {
      for await (const event of client.watch(kind, { signal })) {
        if (event.type === "BOOKMARK") continue;
        const file = event.object as FileView;
        if (event.type === "DELETED") seen.delete(file.metadata!.name!);
        else if (isBelow(file, folders)) seen.set(file.metadata!.name!, file);
        if (seen.size >= expected && [...seen.values()].every(isSettled)) return [...seen.values()];
      }
    } catch (error) {
      // The loop itself makes this kind known to the API server, a moment after the start.
      if (!isReason(error, "NotFound")) throw error;
      await sleep(systemClock, 50, signal);
    }
  }
  return [...seen.values()];
}

function isBelow({ spec }: FileView, folders: readonly string[]): boolean {
  return folders.some((folder) => spec.folder === folder);
}

/** A file that waits for another one's kind or namespace will be applied in a moment. */
function isSettled({ status }: FileView): boolean {
  return status?.state !== undefined && status.state !== "Waiting";
}

async function countManifests(folder: string): Promise<number> {
  const entries = await Array.fromAsync(Deno.readDir(folder)).catch(() => []);
  const counts = entries.map(({ name, isDirectory }) => {
    if (name.startsWith(".")) return 0;
    return isDirectory ? countManifests(`${folder}/${name}`) : Number(/\.(ya?ml|json)$/.test(name));
  });
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
}
