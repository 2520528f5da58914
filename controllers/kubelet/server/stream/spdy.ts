/**
 * SPDY/3.1 as Kubernetes' Go clients speak it: many streams on one connection, each named by its headers (`streamtype`,
 * `port`, `requestid`; never a method or a path, which is why no ordinary SPDY server takes them). Their library knows no
 * flow control: it neither obeys windows nor gives them back. So a reader that is slow holds up the whole connection.
 */
import { Buffer } from "node:buffer";
import type { Duplex } from "node:stream";
import { Inbox } from "./inbox.ts";
import {
  controlFrame,
  dataFrame,
  deflater,
  finFlag,
  type Frame,
  frameType,
  inflater,
  parseHeaders,
  readFrame,
  words,
} from "./spdy_frames.ts";

export interface SpdyStream {
  readonly headers: Readonly<Record<string, string>>;
  /** Ends when the client closes its side. */
  readonly input: AsyncIterable<Uint8Array>;
  /** Aborts when the client wants nothing more of it, or has gone. */
  readonly gone: AbortSignal;
  /** Resolves when the bytes have left. */
  write(bytes: Uint8Array): Promise<void>;
  /** Closes our side. */
  end(): Promise<void>;
}

export interface SpdyConnection {
  /** Aborts when the client has gone, or said something that isn't SPDY. */
  readonly gone: AbortSignal;
  /** Says goodbye. */
  close(): Promise<void>;
}

interface State {
  readonly socket: Duplex;
  readonly inputs: Map<number, Inbox<Uint8Array>>;
  readonly resets: Map<number, AbortController>;
  readonly inflate: ReturnType<typeof inflater>;
  readonly deflate: ReturnType<typeof deflater>;
  readonly onStream: (stream: SpdyStream) => void;
  /** Set while a stream's reader is behind. */
  held: PromiseWithResolvers<void> | undefined;
  lastId: number;
}

/** Chunks that a stream may be behind. */
const backlog = 64;
const maxStreams = 1000;
/** Frames of clients are a few ten kilobytes; the format would allow sixteen megabytes. */
const maxPendingBytes = 17 * 1024 * 1024;
const largestWrite = 1024 * 1024;

export function spdyServer(socket: Duplex, onStream: (stream: SpdyStream) => void): SpdyConnection {
  const state: State = {
    socket,
    inputs: new Map(),
    resets: new Map(),
    inflate: inflater(),
    deflate: deflater(),
    onStream,
    held: undefined,
    lastId: 0,
  };
  const gone = new AbortController();
  const over = () => {
    for (const input of state.inputs.values()) input.end();
    for (const reset of state.resets.values()) reset.abort();
    state.held?.resolve();
    gone.abort();
  };
  socket.once("close", over);
  socket.once("error", over);
  receive(state).catch(() => socket.destroy()).finally(over);
  return {
    gone: gone.signal,
    async close() {
      await send(socket, controlFrame(frameType.goaway, words(state.lastId, 0)));
      socket.end();
    },
  };
}

async function receive(state: State): Promise<void> {
  let pending: Uint8Array = new Uint8Array(0);
  for await (const chunk of state.socket) {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    for (let read = readFrame(pending); read; read = readFrame(pending)) {
      await take(state, read.frame);
      pending = pending.subarray(read.next);
    }
    if (pending.length > maxPendingBytes) throw new Error("SPDY: frame too large");
  }
}

async function take(state: State, { type, streamId, flags, payload }: Frame): Promise<void> {
  if (type === undefined) return await takeData(state, { streamId, flags, payload });
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  switch (type) {
    case frameType.synStream:
      return await open(state, view.getUint32(0), { flags, block: payload.subarray(10) });
    case frameType.headers:
      // Nobody reads these, but the compression context must see them.
      return void await state.inflate(payload.subarray(4));
    case frameType.reset:
      return reset(state, view.getUint32(0));
    case frameType.ping:
      return await send(state.socket, controlFrame(frameType.ping, payload));
  }
}

function reset(state: State, id: number): void {
  state.inputs.get(id)?.discard();
  state.resets.get(id)?.abort();
}

async function takeData(state: State, { streamId, flags, payload }: Omit<Frame, "type">): Promise<void> {
  const input = state.inputs.get(streamId);
  if (payload.length > 0) input?.push(payload.slice());
  if (flags & finFlag) input?.end();
  await state.held?.promise;
}

async function open(state: State, id: number, { flags, block }: { flags: number; block: Uint8Array }): Promise<void> {
  const headers = parseHeaders(await state.inflate(block));
  if (id <= state.lastId || state.inputs.size >= maxStreams) throw new Error("SPDY: invalid stream id");
  state.lastId = id;
  const input = new Inbox<Uint8Array>({
    limit: backlog,
    onFull: () => state.held ??= Promise.withResolvers<void>(),
    onDrained: () => {
      state.held?.resolve();
      state.held = undefined;
    },
  });
  state.inputs.set(id, input);
  const reset = new AbortController();
  state.resets.set(id, reset);
  if (flags & finFlag) input.end();
  const reply = await state.deflate(words(0));
  await send(state.socket, controlFrame(frameType.synReply, Buffer.concat([words(id), reply])));
  state.onStream(stream(state, id, { headers, input, gone: reset.signal }));
}

function stream(
  state: State,
  id: number,
  { headers, input, gone }: { headers: Record<string, string>; input: Inbox<Uint8Array>; gone: AbortSignal },
): SpdyStream {
  let ended = false;
  return {
    headers,
    input,
    gone,
    async write(bytes) {
      for (let at = 0; at < bytes.length && !ended && !gone.aborted; at += largestWrite) {
        await send(state.socket, dataFrame(id, bytes.subarray(at, at + largestWrite), false));
      }
    },
    async end() {
      if (ended) return;
      ended = true;
      if (!gone.aborted) await send(state.socket, dataFrame(id, new Uint8Array(0), true));
      state.inputs.delete(id);
      state.resets.delete(id);
      input.discard();
    },
  };
}

/** What can't be sent any more is nobody's loss. */
function send(socket: Duplex, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed || socket.writableEnded) return resolve();
    socket.once("close", resolve);
    socket.write(bytes, () => {
      socket.off("close", resolve);
      resolve();
    });
  });
}
