/**
 * The files of docker's json-file driver, `LOG`, `LOG.1` and on: the one being written and those set aside, the higher the
 * older. A reader holds each from the moment it was seen until it was read to its end, so a file that is renamed or removed
 * meanwhile loses nothing. Docker's own follower (20.10) loses and repeats lines when a file is set aside under it.
 */

/** So many are held for a reader who does not keep up; older ones are let go, or the disk would fill behind his back. */
const maxHeld = 64;
const blockBytes = 65536;
const newline = 10;

interface Held {
  readonly file: Deno.FsFile;
  readonly inode: number | null;
  offset: number;
}

export interface LogFiles extends Disposable {
  /** Takes hold of what was begun since. */
  refresh(): void;
  /** What comes next, of one file only; absent: nothing more for now. `ends`: the file has no more after it. */
  read(): { readonly bytes: Uint8Array<ArrayBuffer>; readonly ends: boolean } | undefined;
}

/** With `tail`, begins at so many lines before the end. */
export function logFiles(path: string, { maxFiles, tail }: { maxFiles: number; tail?: number }): LogFiles {
  const held = newerThan(path, maxFiles, undefined);
  if (tail !== undefined) release(held.splice(0, seekTail(held, tail)));
  return {
    refresh() {
      const last = held.at(-1);
      if (last && last.inode === inodeOf(path)) return;
      held.push(...newerThan(path, maxFiles, last));
      if (held.length > maxHeld) release(held.splice(0, held.length - maxHeld));
    },
    read() {
      const first = held[0];
      if (!first) return undefined;
      const bytes = readAt(first.file, first.offset, blockBytes);
      first.offset += bytes.length;
      if (bytes.length > 0) return { bytes, ends: false };
      if (held.length === 1) return undefined;
      release(held.splice(0, 1));
      return { bytes, ends: true };
    },
    [Symbol.dispose]: () => release(held),
  };
}

/**
 * Oldest first. Docker renames the oldest first while names are looked at here: one may be seen twice or leave a gap behind,
 * and when a new one was begun meanwhile the look is taken again.
 */
function newerThan(path: string, maxFiles: number, known: Held | undefined): Held[] {
  for (;;) {
    const found: Held[] = [];
    for (let number = 0; number < maxFiles; number++) {
      const one = open(number === 0 ? path : `${path}.${number}`);
      const isKnown = one !== undefined && one.inode === known?.inode;
      if (one && (isKnown || found.some(({ inode }) => inode === one.inode))) one.file.close();
      else if (one) found.unshift(one);
      if (isKnown) break;
    }
    const present = inodeOf(path);
    if (present === undefined || present === found.at(-1)?.inode || present === known?.inode) return found;
    release(found);
  }
}

function open(path: string): Held | undefined {
  try {
    const file = Deno.openSync(path);
    return { file, inode: file.statSync().ino, offset: 0 };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function inodeOf(path: string): number | null | undefined {
  try {
    return Deno.statSync(path).ino;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Puts the offsets so that `tail` whole lines follow. Returns how many of the files lie wholly before them. */
function seekTail(held: readonly Held[], tail: number): number {
  let ends = 0;
  for (let index = held.length - 1; index >= 0; index--) {
    const one = held[index]!;
    for (let end = one.file.statSync().size; end > 0;) {
      const start = Math.max(0, end - blockBytes);
      const block = readAt(one.file, start, end - start);
      for (let at = block.lastIndexOf(newline); at >= 0; at = at > 0 ? block.lastIndexOf(newline, at - 1) : -1) {
        if (ends++ < tail) continue;
        one.offset = start + at + 1;
        return index;
      }
      end = start;
    }
  }
  return 0;
}

function readAt(file: Deno.FsFile, offset: number, length: number): Uint8Array<ArrayBuffer> {
  const buffer = new Uint8Array(length);
  file.seekSync(offset, Deno.SeekMode.Start);
  return buffer.subarray(0, file.readSync(buffer) ?? 0);
}

function release(held: readonly Held[]): void {
  for (const { file } of held) file.close();
}
