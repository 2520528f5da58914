/** A tar archive as a stream (POSIX ustar): what an image of d8s's own is imported from. Files are never held in memory. */

export type TarEntry =
  | { readonly type: "directory"; readonly path: string; readonly mode: number; readonly uid?: number }
  | { readonly type: "link"; readonly path: string; readonly target: string }
  | { readonly type: "bytes"; readonly path: string; readonly mode: number; readonly bytes: Uint8Array }
  | { readonly type: "file"; readonly path: string; readonly mode: number; readonly source: string };

const blockBytes = 512;

/** Times are zero, so that equal entries make equal archives. Paths are at most 100 bytes. */
export function tarStream(entries: readonly TarEntry[]): ReadableStream<Uint8Array> {
  return ReadableStream.from(blocks(entries));
}

async function* blocks(entries: readonly TarEntry[]): AsyncIterable<Uint8Array> {
  for (const entry of entries) yield* entryBlocks(entry);
  yield new Uint8Array(2 * blockBytes);
}

async function* entryBlocks(entry: TarEntry): AsyncIterable<Uint8Array> {
  switch (entry.type) {
    case "directory":
      return yield header(entry.path, { mode: entry.mode, size: 0, flag: "5", uid: entry.uid ?? 0 });
    case "link":
      return yield header(entry.path, { mode: 0o777, size: 0, flag: "2", target: entry.target });
    case "bytes":
      yield header(entry.path, { mode: entry.mode, size: entry.bytes.length, flag: "0" });
      yield entry.bytes;
      return yield padding(entry.bytes.length);
    case "file": {
      const { size } = await Deno.stat(entry.source);
      yield header(entry.path, { mode: entry.mode, size, flag: "0" });
      yield* (await Deno.open(entry.source)).readable;
      return yield padding(size);
    }
  }
}

function padding(size: number): Uint8Array {
  return new Uint8Array((blockBytes - (size % blockBytes)) % blockBytes);
}

interface HeaderFields {
  mode: number;
  size: number;
  flag: "0" | "2" | "5";
  uid?: number;
  target?: string;
}

function header(path: string, { mode, size, flag, uid = 0, target = "" }: HeaderFields): Uint8Array {
  const block = new Uint8Array(blockBytes);
  const put = (at: number, text: string) => block.set(new TextEncoder().encode(text), at);
  const octal = (at: number, width: number, value: number) => put(at, value.toString(8).padStart(width - 1, "0"));
  const bytes = new TextEncoder().encode(path).length;
  if (bytes > 100 || target.length > 100) throw new RangeError(`tar: path "${path}" is longer than 100 bytes`);
  put(0, path);
  octal(100, 8, mode);
  octal(108, 8, uid);
  octal(116, 8, uid);
  octal(124, 12, size);
  octal(136, 12, 0);
  put(148, "        ");
  put(156, flag);
  put(157, target);
  put(257, "ustar\u000000");
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(148, `${sum.toString(8).padStart(6, "0")}\u0000 `);
  return block;
}
