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

const stampPattern = /^(\d{4}-\d\d-\d\dT\d\d)-(\d\d)-(\d\d\.\d{3}Z)$/;

async function setAside({ path, backups, maxAgeMs, now }: LogFileOptions): Promise<void> {
  await Deno.rename(path, `${path}.${new Date(now()).toISOString().replaceAll(":", "-")}`);
  const aside = await asideOf(path);
  const newestFirst = aside.sort((a, b) => b.sinceMs - a.sinceMs);
  for (const [place, { file, sinceMs }] of newestFirst.entries()) {
    const tooOld = maxAgeMs > 0 && now() - sinceMs > maxAgeMs;
    if (tooOld || backups > 0 && place >= backups) await Deno.remove(file);
  }
}

/** Logs that were set aside, since when; nothing else that lies beside them. */
async function asideOf(path: string): Promise<{ file: string; sinceMs: number }[]> {
  const prefix = `${basename(path)}.`;
  const found: { file: string; sinceMs: number }[] = [];
  for await (const { name } of Deno.readDir(dirname(path))) {
    const [, hour, minute, second] = stampPattern.exec(name.startsWith(prefix) ? name.slice(prefix.length) : "") ?? [];
    if (hour) found.push({ file: `${dirname(path)}/${name}`, sinceMs: Date.parse(`${hour}:${minute}:${second}`) });
  }
  return found;
}
