/**
 * A large answer straight into the socket: two buffers of a size that caches like, one filled while the other is encrypted and
 * sent, instead of one as large as the answer.
 */
import type { ServerResponse } from "node:http";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";

/** Bytes. */
const pieceSize = 512 * 1024;
/** Smaller lists are sent in one write. */
export const streamFrom = 1024 * 1024;

export async function streamParts(
  outgoing: ServerResponse,
  parts: readonly Uint8Array[],
  contentType: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  outgoing.writeHead(200, {
    "content-type": contentType,
    "content-length": length,
    "cache-control": "no-cache, private",
    ...headers,
  });
  await sendPieces(outgoing, parts);
  return RESPONSE_ALREADY_SENT;
}

async function sendPieces(outgoing: ServerResponse, parts: readonly Uint8Array[]): Promise<void> {
  const buffers = [new Uint8Array(pieceSize), new Uint8Array(pieceSize)] as const;
  let left = Promise.resolve();
  let turn = 0;
  let filled = 0;
  for (const part of parts) {
    for (let from = 0; from < part.length && !outgoing.destroyed;) {
      const taken = part.subarray(from, from + pieceSize - filled);
      buffers[turn]!.set(taken, filled);
      from += taken.length;
      filled += taken.length;
      if (filled < pieceSize) continue;
      // The other buffer can be filled again when what it held has left.
      const before = left;
      left = written(outgoing, buffers[turn]!);
      await before;
      turn = 1 - turn;
      filled = 0;
    }
  }
  outgoing.end(buffers[turn]!.subarray(0, filled));
}

/** Resolves when the bytes have left, or the client has gone: that fires no callback. */
function written(outgoing: ServerResponse, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      outgoing.off("close", done);
      resolve();
    };
    outgoing.on("close", done);
    outgoing.write(bytes, done);
  });
}
