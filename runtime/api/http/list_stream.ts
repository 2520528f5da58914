/**
 * A large list straight into the socket: pieces of a size that caches like, the next one made while the last is encrypted
 * and sent, instead of one buffer as large as the answer.
 */
import type { ServerResponse } from "node:http";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { concat } from "./json_bytes.ts";

/** Bytes. */
const pieceSize = 512 * 1024;
/** Smaller lists are sent in one write. */
export const streamFrom = 1024 * 1024;

export async function streamParts(
  outgoing: ServerResponse,
  parts: readonly Uint8Array[],
  contentType: string,
): Promise<Response> {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  outgoing.writeHead(200, {
    "content-type": contentType,
    "content-length": length,
    "cache-control": "no-cache, private",
  });
  for (const piece of pieces(parts)) {
    if (outgoing.destroyed) break;
    if (!outgoing.write(piece)) await drained(outgoing);
  }
  outgoing.end();
  return RESPONSE_ALREADY_SENT;
}

/** A client that went away fires no drain. */
function drained(outgoing: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      outgoing.off("drain", done);
      outgoing.off("close", done);
      resolve();
    };
    outgoing.on("drain", done);
    outgoing.on("close", done);
  });
}

function* pieces(parts: readonly Uint8Array[]): Generator<Uint8Array> {
  let from = 0;
  let size = 0;
  for (let at = 0; at < parts.length; at++) {
    size += parts[at]!.length;
    if (size < pieceSize) continue;
    yield concat(parts.slice(from, at + 1));
    from = at + 1;
    size = 0;
  }
  if (from < parts.length) yield concat(parts.slice(from));
}
