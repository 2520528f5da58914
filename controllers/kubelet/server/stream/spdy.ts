/**
 * SPDY/3.1 as Kubernetes' Go clients speak it: many streams on one connection, each named by its headers. Their library knows
 * no flow control: it neither obeys windows nor gives them back, so ours must not wait for any.
 */
import type { Duplex } from "node:stream";
import transport from "spdy-transport";

/** One stream of the connection; `headers` name it (`streamtype`, `port`, `requestid`). */
export interface SpdyStream extends Duplex {
  readonly headers: Readonly<Record<string, string>>;
  respond(status: number, headers: Record<string, string>): void;
}

export interface SpdyConnection {
  on(event: "stream", listener: (stream: SpdyStream) => void): void;
  on(event: "close" | "error", listener: () => void): void;
  /** Says goodbye and ends the socket. */
  end(callback?: () => void): void;
}

interface Internals {
  readonly _spdyState: { readonly window: { readonly send: { update: (size: number, done?: () => void) => void } } };
}

export function spdyServer(socket: Duplex): SpdyConnection {
  const connection = transport.connection.create(socket, { protocol: "spdy", isServer: true, windowSize: 1 << 30 });
  // 3 and 3.1 differ in the connection's own window only, which nobody here keeps.
  connection.start(3);
  const streams: SpdyConnection = connection;
  streams.on("stream", (stream) => {
    (stream as unknown as Internals)._spdyState.window.send.update = (_size, done) => done && queueMicrotask(done);
    stream.on("error", () => stream.destroy());
    stream.respond(200, {});
  });
  return streams;
}

/** Resolves once the bytes are on their way. */
export function writeStream(stream: Duplex, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => stream.destroyed ? resolve() : void stream.write(bytes, () => resolve()));
}

export function endStream(stream: Duplex): Promise<void> {
  return new Promise((resolve) => stream.destroyed ? resolve() : void stream.end(() => resolve()));
}
