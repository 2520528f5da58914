/**
 * Tells of changes in a manifests folder, by inotify: nothing runs while nothing changes. A folder that goes and comes
 * back is followed through its parent.
 */
import { dirname } from "node:path";
import type { Logger } from "@logtape/logtape";
import { type Clock, sleep } from "../../runtime/loop/mod.ts";
import type { ManifestFolder } from "./folder.ts";

export interface WatchContext {
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** Changes come in bursts; this long is waited for the rest of one. */
const burstMs = 30;

/** Resolves after the first scan that found everything settled; goes on until the signal aborts. */
export async function watchFolder(
  folder: ManifestFolder,
  changed: (records: readonly string[]) => void,
  context: WatchContext,
): Promise<void> {
  const bell = new Bell();
  const watchers = new FolderWatchers(folder.root, bell, context);
  watchers.renew();
  await scanUntilSettled(folder, changed, context);
  void (async () => {
    while (!context.signal.aborted) {
      await bell.rung(context.signal);
      await sleep(context.clock, burstMs, context.signal);
      if (context.signal.aborted) return;
      watchers.renew();
      await scanUntilSettled(folder, changed, context);
    }
  })();
}

async function scanUntilSettled(
  folder: ManifestFolder,
  changed: (records: readonly string[]) => void,
  { clock, log, signal }: WatchContext,
): Promise<void> {
  for (let again: number | undefined = 0; again !== undefined && !signal.aborted;) {
    try {
      const scan = await folder.scan(clock.now());
      if (scan.changed.length > 0) changed(scan.changed);
      again = scan.againMs;
    } catch (error) {
      log.error("the manifests folder could not be read", { folder: folder.root, error });
      again = 1000;
    }
    if (again !== undefined) await sleep(clock, again, signal);
  }
}

/** Rings that nobody waits for are kept, as one. */
class Bell {
  #rung = Promise.withResolvers<void>();

  ring(): void {
    this.#rung.resolve();
  }

  async rung(signal: AbortSignal): Promise<void> {
    const stop = () => this.ring();
    signal.addEventListener("abort", stop, { once: true });
    if (!signal.aborted) await this.#rung.promise;
    signal.removeEventListener("abort", stop);
    this.#rung = Promise.withResolvers<void>();
  }
}

/** A watcher for the tree, which dies with the folder, or one for the parent, which sees the folder come back. */
class FolderWatchers {
  #tree?: { readonly inode: number | null; readonly watcher: Deno.FsWatcher };
  #parent?: Deno.FsWatcher;

  constructor(private readonly root: string, private readonly bell: Bell, private readonly context: WatchContext) {
    context.signal.addEventListener("abort", () => this.#close(), { once: true });
  }

  /** Makes sure that the folder which is there now is the one that is watched. */
  renew(): void {
    if (this.context.signal.aborted) return;
    const inode = inodeOf(this.root);
    if (inode !== undefined && inode === this.#tree?.inode) return;
    close(this.#tree?.watcher);
    this.#tree = undefined;
    if (inode === undefined) return this.#awaitFolder();
    close(this.#parent);
    this.#parent = undefined;
    const watcher = this.#follow(this.root, true);
    if (watcher) this.#tree = { inode, watcher };
  }

  /** The parent may be busy with other files (a data folder is): it is followed only while the folder is missing. */
  #awaitFolder(): void {
    this.#parent ??= this.#follow(dirname(this.root), false);
    if (inodeOf(this.root) !== undefined) this.bell.ring();
  }

  #follow(path: string, recursive: boolean): Deno.FsWatcher | undefined {
    try {
      const watcher = Deno.watchFs(path, { recursive });
      void this.#listen(watcher);
      return watcher;
    } catch (error) {
      this.context.log.warn("a folder cannot be watched", { folder: path, error });
    }
  }

  /** Reading a file is an event too: our own scans must not ring. */
  async #listen(watcher: Deno.FsWatcher): Promise<void> {
    try {
      for await (const { kind, paths } of watcher) {
        if (kind !== "access" && paths.some((path) => this.#concerns(path))) this.bell.ring();
      }
    } catch (error) {
      if (!this.context.signal.aborted) this.context.log.warn("watching a folder ended", { folder: this.root, error });
    }
  }

  #concerns(path: string): boolean {
    return path === this.root || path.startsWith(`${this.root}/`);
  }

  #close(): void {
    close(this.#tree?.watcher);
    close(this.#parent);
  }
}

function close(watcher: Deno.FsWatcher | undefined): void {
  try {
    watcher?.close();
  } catch {
    // Closed already.
  }
}

function inodeOf(path: string): number | null | undefined {
  try {
    return Deno.statSync(path).ino;
  } catch {
    return undefined;
  }
}
