/**
 * The data folder says which layout it has, so that an older d8s never writes into what a newer one left. The layout
 * number grows when an older program could no longer read the folder, not with every release.
 */
import { readIfThere, writeFileAtomic } from "../auth/mod.ts";

export const layout = 1;

/** Makes the folder or checks the one that is there; throws with cause and remedy. */
export async function openDataFolder(dir: string, version: string): Promise<void> {
  await Deno.mkdir(dir, { recursive: true, mode: 0o700 });
  const path = `${dir}/layout.json`;
  const found = await readIfThere(path);
  if (found === undefined) return await writeFileAtomic(path, JSON.stringify({ layout, writtenBy: version }) + "\n");
  const refusal = refuseLayout(found, dir);
  if (refusal) throw new Error(refusal);
}

/** Why the folder can't be used, or nothing. */
export function refuseLayout(text: string, dir: string): string | undefined {
  let stamp: { layout?: unknown; writtenBy?: unknown };
  try {
    stamp = JSON.parse(text);
  } catch {
    return `${dir}/layout.json is damaged: it should read {"layout": ${layout}}`;
  }
  if (typeof stamp?.layout !== "number") return `${dir}/layout.json is damaged: it should read {"layout": ${layout}}`;
  if (stamp.layout <= layout) return undefined;
  return `${dir} was written by a newer d8s (${stamp.writtenBy}, layout ${stamp.layout}; this one knows ${layout}): ` +
    "run that version, or name another folder with --data-dir";
}
