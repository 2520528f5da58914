/** Which shared libraries an executable needs, as the dynamic loader of this machine finds them. */
import $ from "dax";

export interface Library {
  /** Where the loader looks for it. */
  readonly path: string;
  /** The file itself, links followed. */
  readonly source: string;
}

/** Empty for a static executable. */
export async function linkedLibraries(executable: string): Promise<Library[]> {
  const { stdout, code } = await $`ldd ${executable}`.stdout("piped").stderr("null").noThrow();
  if (code !== 0) return [];
  const paths = parseLdd(stdout);
  return await Promise.all(paths.map(async (path) => ({ path, source: await Deno.realPath(path) })));
}

/** `libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x...)` and `/lib64/ld-linux-x86-64.so.2 (0x...)`. */
export function parseLdd(text: string): string[] {
  const paths = text.split("\n").map((line) => /(?:=> )?(\/\S+) \(0x/.exec(line)?.[1]);
  return [...new Set(paths.filter((path) => path !== undefined))];
}
