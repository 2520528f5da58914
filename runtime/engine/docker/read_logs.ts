/** What a container wrote, out of docker's json-file log: each line `{"log": "...", "stream": "stdout", "time": "..."}`. */
import { dirname } from "node:path";
import type { Chunk, LogOptions } from "../engine.ts";
import { type LogFiles, logFiles } from "./log_files.ts";
import { join } from "./socket.ts";

export interface LogPlace {
  readonly path: string;
  readonly maxFiles: number;
}

interface Row {
  readonly log: string;
  readonly stream: Chunk["stream"];
  /** RFC 3339 with up to nine digits behind the point. */
  readonly time: string;
}

/** Follows until `ended` settles and all is read; a rejection is passed on then. */
export async function* readLogs(
  { path, maxFiles }: LogPlace,
  options: LogOptions,
  ended: () => Promise<unknown>,
): AsyncIterable<Chunk> {
  using watch = options.follow ? watchChanges(dirname(path), options.signal) : undefined;
  using files = logFiles(path, { maxFiles, tail: options.tail });
  const chunks = rowReader(options);
  let over = !options.follow;
  const end = over ? undefined : ended().finally(() => {
    over = true;
    watch?.wake();
  });
  end?.catch(() => {});
  if (watch) watch.onChange(() => files.refresh());
  while (!options.signal.aborted) {
    const last = over;
    if (options.follow) files.refresh();
    yield* readAll(files, chunks, options.signal);
    if (last) break;
    if (!over) await watch?.next();
  }
  if (!options.signal.aborted) await end;
}

function* readAll(files: LogFiles, chunks: ReturnType<typeof rowReader>, signal: AbortSignal): Iterable<Chunk> {
  for (let part = files.read(); part && !signal.aborted; part = files.read()) yield* chunks(part);
}

/** One change may be seen many times and many as one; none is missed between two calls of `next`. */
function watchChanges(folder: string, signal: AbortSignal) {
  const watcher = Deno.watchFs(folder, { recursive: false });
  let changed = () => {};
  let gate = Promise.withResolvers<void>();
  const wake = () => gate.resolve();
  const watching = (async () => {
    for await (const { kind } of watcher) {
      // Reading is told as well.
      if (kind === "access") continue;
      changed();
      wake();
    }
  })();
  watching.catch(() => {}).finally(wake);
  signal.addEventListener("abort", wake, { once: true });
  return {
    wake,
    onChange: (act: () => void) => changed = act,
    async next() {
      await gate.promise;
      gate = Promise.withResolvers<void>();
    },
    [Symbol.dispose]() {
      signal.removeEventListener("abort", wake);
      watcher.close();
    },
  };
}

/** A line that docker has not finished is kept for the next bytes, and dropped where its file ends. */
function rowReader({ stdout, stderr, since = -Infinity, timestamps }: LogOptions) {
  const decoder = new TextDecoder();
  const encoder = new TextEncoder();
  const inLine = { stdout: false, stderr: false };
  let torn: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  const textOf = ({ log, stream, time }: Row) => {
    const begins = !inLine[stream];
    inLine[stream] = !log.endsWith("\n");
    return timestamps && begins ? `${fixedTime(time)} ${log}` : log;
  };
  const wanted = ({ stream, time }: Row) =>
    (stream === "stdout" ? stdout : stderr) && Date.parse(time) >= Math.round(since * 1000);
  return function* ({ bytes, ends }: { bytes: Uint8Array<ArrayBuffer>; ends: boolean }): Iterable<Chunk> {
    const all = join([torn, bytes]);
    const whole = all.lastIndexOf(10) + 1;
    torn = ends ? new Uint8Array(0) : all.slice(whole);
    for (const line of decoder.decode(all.subarray(0, whole)).split("\n")) {
      const row = rowOf(line);
      if (row && wanted(row)) yield { stream: row.stream, bytes: encoder.encode(textOf(row)) };
    }
  };
}

/** A daemon that was killed may leave half a line, and the next one right behind it. */
function rowOf(line: string): Row | undefined {
  try {
    return line === "" ? undefined : JSON.parse(line) as Row;
  } catch {
    return undefined;
  }
}

/** All nine digits, as docker prints them. */
function fixedTime(time: string): string {
  return time.replace(/(?:\.(\d+))?Z$/, (_, digits = "") => `.${digits.padEnd(9, "0")}Z`);
}
