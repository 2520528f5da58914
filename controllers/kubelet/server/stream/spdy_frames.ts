/**
 * SPDY/3.1 frames as bytes. Pure but for the two compression contexts, which the protocol keeps for a whole connection.
 *
 * Source: SPDY Protocol Draft 3.1, sections 2.2 (framing), 2.6.10 (name/value header block).
 */
import { Buffer } from "node:buffer";
import { constants, createDeflate, createInflate } from "node:zlib";
import transport from "spdy-transport";

export const frameType = {
  synStream: 1,
  synReply: 2,
  reset: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  headers: 8,
  windowUpdate: 9,
} as const;

export const finFlag = 1;
export const headBytes = 8;
const version = 3;

export interface Frame {
  /** Absent for data. */
  readonly type: number | undefined;
  /** Of data frames; in control frames it stands in the payload. */
  readonly streamId: number;
  readonly flags: number;
  readonly payload: Uint8Array;
}

/** The first frame of the bytes and where the next begins; nothing when it isn't whole yet. Throws on another version. */
export function readFrame(bytes: Uint8Array): { frame: Frame; next: number } | undefined {
  if (bytes.length < headBytes) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const first = view.getUint32(0);
  const length = view.getUint32(4) & 0xffffff;
  if (bytes.length < headBytes + length) return undefined;
  const control = first >>> 31 === 1;
  if (control && ((first >>> 16) & 0x7fff) !== version) throw new Error("SPDY: unsupported version");
  const payload = bytes.subarray(headBytes, headBytes + length);
  const frame = {
    type: control ? first & 0xffff : undefined,
    streamId: control ? 0 : first,
    flags: bytes[4]!,
    payload,
  };
  return { frame, next: headBytes + length };
}

export function dataFrame(streamId: number, bytes: Uint8Array, fin: boolean): Uint8Array {
  return frameOf(streamId, fin ? finFlag : 0, bytes);
}

export function controlFrame(type: number, payload: Uint8Array): Uint8Array {
  return frameOf((0x80000000 | (version << 16) | type) >>> 0, 0, payload);
}

function frameOf(first: number, flags: number, payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(headBytes + payload.length);
  const view = new DataView(frame.buffer);
  view.setUint32(0, first);
  view.setUint32(4, ((flags << 24) | payload.length) >>> 0);
  frame.set(payload, headBytes);
  return frame;
}

export function words(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  values.forEach((value, index) => new DataView(bytes.buffer).setUint32(index * 4, value >>> 0));
  return bytes;
}

type Pass = (bytes: Uint8Array) => Promise<Uint8Array>;

const options = { dictionary: transport.protocol.spdy.dictionary["3.1"], flush: constants.Z_SYNC_FLUSH };

/** What a header block may unpack to. */
const maxHeaderBytes = 256 * 1024;

export function inflater(): Pass {
  return passing(createInflate(options));
}

export function deflater(): Pass {
  return passing(createDeflate(options));
}

/** What comes out when this goes in; one after the other, because the context is shared. */
function passing(stream: ReturnType<typeof createInflate>): Pass {
  let out: Uint8Array[] = [];
  let size = 0;
  let fail: (error: Error) => void = () => {};
  stream.on("data", (chunk: Uint8Array) => {
    size += chunk.length;
    if (size > maxHeaderBytes) return stream.destroy(new Error("SPDY: header block too large"));
    out.push(chunk);
  });
  stream.on("error", (error: Error) => fail(error));
  return (bytes) =>
    new Promise((resolve, reject) => {
      fail = reject;
      size = 0;
      stream.write(bytes, (error?: Error | null) => {
        if (error) return reject(error);
        const whole = Buffer.concat(out);
        out = [];
        resolve(whole);
      });
    });
}

/** Names are lower case. Throws on a block that is shorter than it says. */
export function parseHeaders(block: Uint8Array): Record<string, string> {
  const view = new DataView(block.buffer, block.byteOffset, block.length);
  const headers: Record<string, string> = {};
  let at = 4;
  const text = () => {
    const length = view.getUint32(at);
    if (at + 4 + length > block.length) throw new Error("SPDY: header block is cut off");
    at += 4 + length;
    return new TextDecoder().decode(block.subarray(at - length, at));
  };
  for (let left = view.getUint32(0); left > 0; left--) {
    const name = text().toLowerCase();
    headers[name] = text();
  }
  return headers;
}
