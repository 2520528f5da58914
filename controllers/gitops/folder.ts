/**
 * A manifests folder as it was last seen whole.
 *
 * Laws: a file counts only when nothing has touched it for `settleMs` and nobody holds it open for writing; a file that is
 * missing counts as gone only when it is still missing after `settleMs` (editors and git replace files); while git holds its
 * index lock nothing counts.
 */
import { createHash } from "node:crypto";
import { basename, dirname, join, relative } from "node:path";
import { identityOf, recordName, refOfObject } from "./manifest_file.ts";
import { type ManifestObject, type ParsedFile, parseManifest } from "./parse.ts";
import { openForWriting } from "./writers.ts";

export const settleMs = 200;

/** More than the API server takes in one body. */
const maxBytes = 3 * 1024 * 1024;

export interface FolderFile {
  /** Name of its ManifestFile. */
  readonly record: string;
  readonly folder: string;
  /** For people: from the folder's own name on. */
  readonly path: string;
  readonly hash: string;
  readonly parsed: ParsedFile;
  /** The objects of its last content that could be read. */
  readonly good?: { readonly hash: string; readonly objects: readonly ManifestObject[] };
}

export interface Scan {
  /** Records of files that came, changed or went. */
  readonly changed: readonly string[];
  /** Something is not settled yet: scan again after this long. */
  readonly againMs?: number;
}

interface Stamp {
  readonly path: string;
  readonly signature: string;
  readonly touchedMs: number;
  readonly size: number;
}

export class ManifestFolder {
  readonly #files = new Map<string, FolderFile>();
  readonly #signatures = new Map<string, string>();
  readonly #missingSince = new Map<string, number>();
  readonly #seen = new Map<string, string>();

  /** `root` is absolute. */
  constructor(readonly root: string) {}

  get(record: string): FolderFile | undefined {
    return [...this.#files.values()].find((file) => file.record === record);
  }

  files(): FolderFile[] {
    return [...this.#files.values()];
  }

  /** Reads what has changed and settled since the last scan. */
  async scan(now: number): Promise<Scan> {
    if (await gitIsBusy(this.root)) return { changed: [], againMs: settleMs };
    const stamps = new Map((await stampsIn(this.root)).map((stamp) => [stamp.path, stamp]));
    const changed = this.#vanished(stamps, now);
    const moved = [...stamps.values()].filter(({ path, signature }) => this.#signatures.get(path) !== signature);
    const settled = moved.filter((stamp) => this.#isSettled(stamp, now));
    const writing = settled.length > 0 ? await openForWriting(this.root) : new Set<string>();
    let waits = moved.length - settled.length + this.#missingSince.size;
    for (const stamp of settled) {
      if (!writing.has(stamp.path) && await this.#read(stamp)) changed.push(recordOf(this.root, stamp.path));
      else waits++;
    }
    return waits > 0 ? { changed, againMs: settleMs } : { changed };
  }

  /** A touch in the future (a clock was stepped) settles when two scans see the same. */
  #isSettled({ path, touchedMs, signature }: Stamp, now: number): boolean {
    const before = this.#seen.get(path);
    this.#seen.set(path, signature);
    return now - touchedMs >= settleMs || (touchedMs > now && before === signature);
  }

  /** Forgets files that stay missing; returns their records. */
  #vanished(stamps: ReadonlyMap<string, Stamp>, now: number): string[] {
    const gone: string[] = [];
    for (const path of this.#files.keys()) {
      if (stamps.has(path)) {
        this.#missingSince.delete(path);
        continue;
      }
      const since = this.#missingSince.get(path) ?? now;
      this.#missingSince.set(path, since);
      if (now - since < settleMs) continue;
      for (const map of [this.#files, this.#signatures, this.#missingSince, this.#seen]) map.delete(path);
      gone.push(recordOf(this.root, path));
    }
    return gone;
  }

  /** False when the file moved while it was read. */
  async #read(stamp: Stamp): Promise<boolean> {
    const { path, signature } = stamp;
    const content = stamp.size > maxBytes ? undefined : await readText(path);
    if ((await stampOf(path))?.signature !== signature) return false;
    const shown = join(basename(this.root), relative(this.root, path));
    const hash = createHash("sha256").update(content ?? "").digest("hex").slice(0, 12);
    const parsed = content === undefined ? tooLarge(stamp.size) : parseManifest(shown, content);
    const good = "objects" in parsed ? { hash, objects: parsed.objects } : this.#files.get(path)?.good;
    this.#files.set(path, { record: recordOf(this.root, path), folder: this.root, path: shown, hash, parsed, good });
    this.#signatures.set(path, signature);
    return true;
  }
}

/** Identities that a file names now, or, while it cannot be read, named last. */
export function namesOf(file: FolderFile): string[] {
  return (file.good?.objects ?? []).map(({ object }) => identityOf(refOfObject(object)));
}

export function recordOf(root: string, path: string): string {
  const digest = createHash("sha256").update(path).digest("hex").slice(0, 6);
  return recordName(relative(root, path), digest);
}

function tooLarge(size: number): ParsedFile {
  const message = `the file has ${size} bytes; more than ${maxBytes} are not read`;
  return { error: { document: 1, line: 1, message } };
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch {
    return undefined;
  }
}

/** Hidden files are editors', rsync's and git's; `~` and `#` mark editors' copies. */
function isManifest(name: string): boolean {
  return /\.(ya?ml|json)$/i.test(name) && !/^[.#]|[~#]$/.test(name);
}

async function stampsIn(folder: string): Promise<Stamp[]> {
  const stamps: Stamp[] = [];
  let entries: Deno.DirEntry[];
  try {
    entries = await Array.fromAsync(Deno.readDir(folder));
  } catch {
    return stamps;
  }
  for (const { name, isDirectory } of entries) {
    const path = join(folder, name);
    if (isDirectory && !name.startsWith(".")) stamps.push(...await stampsIn(path));
    else if (!isDirectory && isManifest(name)) {
      stamps.push(...[await stampOf(path)].filter((stamp) => stamp !== undefined));
    }
  }
  return stamps.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** `undefined` for what is gone or no plain file. */
async function stampOf(path: string): Promise<Stamp | undefined> {
  try {
    const { isFile, size, ino, mtime, ctime } = await Deno.stat(path);
    if (!isFile) return undefined;
    // The time of the last change of any sort, which no program can set.
    const touchedMs = (ctime ?? mtime)?.getTime() ?? 0;
    return { path, size, touchedMs, signature: `${ino}:${size}:${mtime?.getTime()}:${touchedMs}` };
  } catch {
    return undefined;
  }
}

/** A checkout is under way in the repository that the folder belongs to. */
async function gitIsBusy(root: string): Promise<boolean> {
  for (let folder = root;; folder = dirname(folder)) {
    if (await exists(join(folder, ".git"))) return await exists(join(folder, ".git", "index.lock"));
    if (folder === dirname(folder)) return false;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch {
    return false;
  }
}
