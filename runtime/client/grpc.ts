/**
 * gRPC over a unix socket, as plugins of a node speak it (CSI, device plugins, KMS): calls with one answer or a stream of
 * them, and a server for the few services that plugins call. Messages are bytes here; `proto_message.ts` gives them shape.
 *
 * It isn't a general gRPC library: no TLS, compression, metadata or client streams.
 *
 * Source: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */
import { chmod, mkdir, rm } from "node:fs/promises";
import http2 from "node:http2";
import net from "node:net";
import { dirname } from "node:path";

/** Status codes that callers tell apart. */
export const grpcCode = {
  ok: 0,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
} as const;

export class GrpcError extends Error {
  override readonly name = "GrpcError";
  constructor(readonly code: number, message: string) {
    super(message);
  }
}

export interface GrpcCall {
  /** Path of a unix socket. */
  readonly socket: string;
  /** `/package.Service/Method` */
  readonly method: string;
  readonly message: Uint8Array;
  readonly signal?: AbortSignal;
}

/** One answer. Throws a `GrpcError`, also when time is over or nobody listens. */
export async function grpcCall(call: GrpcCall, timeoutMs: number): Promise<Uint8Array> {
  const timeout = AbortSignal.timeout(timeoutMs);
  const signal = call.signal ? AbortSignal.any([timeout, call.signal]) : timeout;
  let answer: Uint8Array | undefined;
  for await (const message of grpcStream({ ...call, signal })) answer = message;
  if (answer) return answer;
  throw new GrpcError(grpcCode.internal, `${call.method} ended without an answer`);
}

/** The answers until the server ends the stream; `signal` ends it too, by an error. */
export async function* grpcStream({ socket, method, message, signal }: GrpcCall): AsyncGenerator<Uint8Array> {
  const connection = net.connect({ path: socket });
  const session = http2.connect("http://localhost", { createConnection: () => connection });
  // Hangs up without HTTP/2's goodbye: one that meets a server of this process can abort both (nghttp2 in Deno 2.9).
  const stop = () => {
    connection.destroy();
    session.destroy();
  };
  signal?.addEventListener("abort", stop, { once: true });
  try {
    signal?.throwIfAborted();
    yield* answers(session, method, message);
  } catch (error) {
    if (error instanceof GrpcError) throw error;
    const over = signal?.aborted ? grpcCode.deadlineExceeded : grpcCode.unavailable;
    const reason = signal?.aborted ? "context deadline exceeded" : messageOf(error);
    throw new GrpcError(over, `${method} on ${socket}: ${reason}`);
  } finally {
    signal?.removeEventListener("abort", stop);
    stop();
  }
}

async function* answers(session: http2.ClientHttp2Session, method: string, message: Uint8Array) {
  const lost = Promise.withResolvers<never>();
  // The stream's own error follows; this one may come when no stream is there yet.
  lost.promise.catch(() => {});
  session.on("error", lost.reject);
  session.on("close", () => lost.reject(new Error("the connection was closed")));
  const stream = session.request({
    ":method": "POST",
    ":path": method,
    "content-type": "application/grpc",
    te: "trailers",
  });
  const status = Promise.withResolvers<http2.IncomingHttpHeaders>();
  const note = (headers: http2.IncomingHttpHeaders) => {
    if (headers["grpc-status"] !== undefined) status.resolve(headers);
  };
  stream.on("response", note);
  stream.on("trailers", note);
  stream.on("error", lost.reject);
  stream.end(frame(message));
  const frames = new Frames();
  const chunks = stream[Symbol.asyncIterator]();
  for (;;) {
    const next = await Promise.race([chunks.next(), lost.promise]);
    if (next.done) break;
    yield* frames.push(next.value as Uint8Array);
  }
  const { "grpc-status": code, "grpc-message": text } = await Promise.race([status.promise, lost.promise]);
  if (Number(code) === grpcCode.ok) return;
  throw new GrpcError(Number(code), decodeURIComponent(String(text ?? "")));
}

/** Cuts what arrives into messages: a flag byte, four bytes of length, the message. */
class Frames {
  #rest: Uint8Array = new Uint8Array(0);

  *push(chunk: Uint8Array): Generator<Uint8Array> {
    const bytes = new Uint8Array(this.#rest.length + chunk.length);
    bytes.set(this.#rest);
    bytes.set(chunk, this.#rest.length);
    let at = 0;
    while (bytes.length - at >= 5) {
      const size = new DataView(bytes.buffer).getUint32(at + 1);
      if (bytes[at] !== 0) throw new GrpcError(grpcCode.unimplemented, "compressed messages are not supported");
      if (bytes.length - at - 5 < size) break;
      yield bytes.subarray(at + 5, at + 5 + size);
      at += 5 + size;
    }
    this.#rest = bytes.slice(at);
  }
}

function frame(message: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(5 + message.length);
  new DataView(bytes.buffer).setUint32(1, message.length);
  bytes.set(message, 5);
  return bytes;
}

/** Yields the answers to one call. Throws a `GrpcError` to refuse it; any other error is told as `UNKNOWN`. */
export type GrpcHandler = (message: Uint8Array, signal: AbortSignal) => AsyncIterable<Uint8Array>;

/** Serves methods by their path. What lies at the socket's path is replaced; only the owner may connect. */
export async function grpcServe(
  socket: string,
  methods: Readonly<Record<string, GrpcHandler>>,
): Promise<AsyncDisposable> {
  await mkdir(dirname(socket), { recursive: true, mode: 0o750 });
  await rm(socket, { force: true });
  const server = http2.createServer();
  const connections = new Set<net.Socket>();
  server.on("connection", (connection: net.Socket) => {
    connections.add(connection);
    connection.on("close", () => connections.delete(connection));
  });
  server.on("session", (session) => session.on("error", () => {}));
  server.on("stream", (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => {
    void answer(stream, methods[String(headers[":path"])]);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(socket, resolve);
  });
  await chmod(socket, 0o600);
  return {
    async [Symbol.asyncDispose]() {
      // Not the sessions: a goodbye after calls that have ended can abort the whole process (nghttp2 in Deno 2.9).
      for (const connection of connections) connection.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await rm(socket, { force: true });
    },
  };
}

async function answer(stream: http2.ServerHttp2Stream, handler: GrpcHandler | undefined): Promise<void> {
  const gone = new AbortController();
  stream.on("close", () => gone.abort());
  stream.on("error", () => gone.abort());
  let trailers: Record<string, string> = { "grpc-status": "0" };
  stream.on("wantTrailers", () => stream.sendTrailers(trailers));
  try {
    if (!handler) throw new GrpcError(grpcCode.unimplemented, "unknown method");
    const frames = new Frames();
    const [message] = (await Array.fromAsync(stream as AsyncIterable<Uint8Array>)).flatMap((one) => [
      ...frames.push(one),
    ]);
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    for await (const bytes of handler(message ?? new Uint8Array(0), gone.signal)) {
      if (gone.signal.aborted) return;
      stream.write(frame(bytes));
    }
  } catch (error) {
    const code = error instanceof GrpcError ? error.code : grpcCode.unknown;
    trailers = { "grpc-status": String(code), "grpc-message": encodeURIComponent(messageOf(error)) };
    if (!gone.signal.aborted && !stream.headersSent) {
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    }
  }
  if (!gone.signal.aborted) stream.end();
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
