/** A hijacked exec or attach connection as a `Session`. */
import type { Chunk, Session } from "../engine.ts";
import { frames, rawOutput } from "./frames.ts";
import { type Hijacked, writeAll } from "./socket.ts";

export function session(
  { connection, first }: Hijacked,
  { tty, resize }: { tty: boolean; resize: (columns: number, rows: number) => Promise<void> },
): Session {
  const bytes = incoming(connection, first);
  const output: AsyncIterable<Chunk> = tty ? rawOutput(bytes) : frames(bytes);
  let closed = false;
  return {
    output,
    write: (data) => writeAll(connection, data),
    async closeStdin() {
      // The process may be gone already: then there is nothing to tell it.
      await (connection as Deno.UnixConn).closeWrite().catch(() => {});
    },
    resize,
    [Symbol.asyncDispose]() {
      if (!closed) connection.close();
      closed = true;
      return Promise.resolve();
    },
  };
}

async function* incoming(connection: Deno.Conn, first: Uint8Array): AsyncIterable<Uint8Array> {
  if (first.length > 0) yield first;
  for (;;) {
    const buffer = new Uint8Array(32 * 1024);
    const count = await connection.read(buffer).catch(() => null);
    if (count === null) return;
    yield buffer.subarray(0, count);
  }
}
