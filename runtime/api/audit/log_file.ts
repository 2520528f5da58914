/**
 * The audit log: one JSON event a line, in a file that only its owner reads (0600). When it has grown to `maxBytes` it is set
 * aside under its time, and of those the newest `backups` stay, for at most `maxAgeMs`.
 */
import { basename, dirname } from "node:path";
import type { AuditSink } from "./sink.ts";

export interface LogFileOptions {
  readonly path: string;
  /** 0: it grows without end. */
  readonly maxBytes: number;
  /** 0: all of them. */
  readonly backups: number;
  /** 0: for ever. */
  readonly maxAgeMs: number;
  readonly now: () => number;
  readonly onTrouble: (error: unknown) => void;
}

export async function auditLogFile(options: LogFileOptions): Promise<AuditSink> {
  const { path, onTrouble } = options;
  let file = await openLog(path);
  let pending: string[] = [];
  let writing = Promise.resolve();
  const flush = async () => {
    const bytes = new TextEncoder().encode(pending.join(""));
    pending = [];
    if (options.maxBytes > 0 && file.size > 0 && file.size + bytes.length > options.maxBytes) {
      file.handle.close();
      await setAside(options);
      file = await openLog(path);
    }
    file.size += bytes.length;
    for (let at = 0; at < bytes.length;) at += await file.handle.write(bytes.subarray(at));
  };
  return {
    write(event) {
      if (pending.push(`${JSON.stringify(event)}\n`) === 1) writing = writing.then(flush).catch(onTrouble);
    },
    async close() {
      await writing;
      file.handle.close();
    },
  };
}

async function openLog(path: string): Promise<{ handle: Deno.FsFile; size: number }> {
  await Deno.mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const handle = await Deno.open(path, { append: true, create: true, mode: 0o600 });
  return { handle, size: (await handle.stat()).size };
}

async function setAside({ path, backups, maxAgeMs, now }: LogFileOptions): Promise<void> {
  const stamp = new Date(now()).toISOString().replaceAll(":", "-");
  await Deno.rename(path, `${path}.${stamp}`);
  const folder = dirname(path);
  const kept: string[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    if (name.startsWith(`${basename(path)}.`)) kept.push(name);
  }
  const newestFirst = kept.sort().reverse();
  for (const [place, name] of newestFirst.entries()) {
    const { mtime } = await Deno.stat(`${folder}/${name}`);
    const tooOld = maxAgeMs > 0 && now() - (mtime?.getTime() ?? 0) > maxAgeMs;
    if (tooOld || backups > 0 && place >= backups) await Deno.remove(`${folder}/${name}`);
  }
}
