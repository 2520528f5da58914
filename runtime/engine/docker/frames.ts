/**
 * Docker's multiplexed output: each frame is `[stream, 0, 0, 0, length as 4 bytes big-endian]` and that many bytes.
 * With a terminal there are no frames and everything is stdout.
 */
import type { Chunk } from "../engine.ts";
import { join } from "./socket.ts";

const headBytes = 8;

/** Frames may arrive cut anywhere; bytes are passed on as they come, never held back until a frame is whole. */
export async function* frames(bytes: AsyncIterable<Uint8Array>): AsyncIterable<Chunk> {
  let pending = new Uint8Array(0);
  let left = 0;
  let stream: Chunk["stream"] = "stdout";
  for await (const piece of bytes) {
    pending = pending.length === 0 ? piece as Uint8Array<ArrayBuffer> : join([pending, piece]);
    while (pending.length > 0) {
      if (left === 0) {
        if (pending.length < headBytes) break;
        stream = pending[0] === 2 ? "stderr" : "stdout";
        left = new DataView(pending.buffer, pending.byteOffset).getUint32(4);
        pending = pending.subarray(headBytes);
        continue;
      }
      const part = pending.subarray(0, left);
      left -= part.length;
      pending = pending.subarray(part.length);
      yield { stream, bytes: part };
    }
  }
}

export async function* rawOutput(bytes: AsyncIterable<Uint8Array>): AsyncIterable<Chunk> {
  for await (const piece of bytes) yield { stream: "stdout", bytes: piece };
}

/** Newline-delimited JSON. */
export async function* jsonLines(bytes: AsyncIterable<Uint8Array>): AsyncIterable<unknown> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const piece of bytes) {
    text += decoder.decode(piece, { stream: true });
    const lines = text.split("\n");
    text = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") yield JSON.parse(line);
  }
  if (text.trim() !== "") yield JSON.parse(text);
}
