/**
 * Requests to docker's API over its unix socket: a call costs well under a millisecond, where the CLI costs a process.
 *
 * Plain calls go through `node:http` with kept-alive connections. Exec and attach take the connection over ("hijack"), so
 * they speak on a socket of their own.
 *
 * Source: Docker Engine API v1.41 (the version of docker 20.10, which newer daemons still serve).
 */
import http from "node:http";
import { EngineError } from "../engine.ts";

const apiVersion = "v1.41";

export interface CallOptions {
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal;
}

export interface Socket {
  /** The parsed JSON answer, or `undefined` for an empty one. Throws an `EngineError` for 4xx and 5xx. */
  call(method: string, path: string, options?: CallOptions): Promise<unknown>;
  /** The answer's body as it arrives. */
  stream(method: string, path: string, options?: CallOptions): AsyncIterable<Uint8Array>;
  /** Takes the connection over after the answer's head. */
  hijack(path: string, body: unknown): Promise<Hijacked>;
}

export interface Hijacked {
  readonly connection: Deno.Conn;
  /** What came with the head. */
  readonly first: Uint8Array<ArrayBuffer>;
}

export function socket(path: string): Socket {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 64, timeout: 0 });
  return {
    async call(method, target, options) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of await send(path, agent, method, target, options)) chunks.push(chunk);
      const text = new TextDecoder().decode(join(chunks));
      return text === "" ? undefined : parseBody(text);
    },
    async *stream(method, target, options) {
      const response = await send(path, undefined, method, target, options);
      try {
        for await (const chunk of response) yield chunk as Uint8Array;
      } catch (cause) {
        throw new EngineError(0, `docker at ${path} broke the connection off`, { cause });
      } finally {
        response.destroy();
      }
    },
    hijack: (target, body) => hijack(path, target, body),
  };
}

function send(
  socketPath: string,
  agent: http.Agent | undefined,
  method: string,
  target: string,
  { body, headers = {}, signal }: CallOptions = {},
): Promise<http.IncomingMessage> {
  const bytes = body === undefined ? undefined : new TextEncoder().encode(JSON.stringify(body));
  return new Promise((resolve, reject) => {
    const request = http.request({
      socketPath,
      agent: agent ?? new http.Agent({ keepAlive: false }),
      method,
      path: `/${apiVersion}${target}`,
      signal,
      headers: {
        ...headers,
        ...(bytes && { "content-type": "application/json", "content-length": bytes.length }),
      },
    }, (response) => {
      if ((response.statusCode ?? 500) < 400) return resolve(response);
      readError(response).then(reject, reject);
    });
    request.on("error", (cause) => reject(unreachable(socketPath, cause)));
    if (bytes) request.write(bytes);
    request.end();
  });
}

function unreachable(path: string, cause: Error): EngineError {
  return new EngineError(0, `cannot reach docker at ${path}: ${cause.message}`, { cause });
}

async function readError(response: http.IncomingMessage): Promise<EngineError> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of response) chunks.push(chunk);
  const text = new TextDecoder().decode(join(chunks));
  const parsed = parseBody(text);
  const message = (parsed as { message?: string } | undefined)?.message ?? text;
  return new EngineError(response.statusCode ?? 500, message.trim());
}

function parseBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Writes one upgrade request by hand and hands over the connection behind the answer's head. */
async function hijack(socketPath: string, target: string, body: unknown): Promise<Hijacked> {
  const connection = await Deno.connect({ transport: "unix", path: socketPath }).catch((cause) => {
    throw unreachable(socketPath, cause);
  });
  const payload = JSON.stringify(body ?? {});
  const head = [
    `POST /${apiVersion}${target} HTTP/1.1`,
    "Host: docker",
    "Connection: Upgrade",
    "Upgrade: tcp",
    "Content-Type: application/json",
    `Content-Length: ${new TextEncoder().encode(payload).length}`,
  ];
  await writeAll(connection, new TextEncoder().encode(`${head.join("\r\n")}\r\n\r\n${payload}`));
  try {
    return { connection, first: await readHead(connection) };
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** Reads up to the empty line; what follows it belongs to the stream. */
async function readHead(connection: Deno.Conn): Promise<Uint8Array<ArrayBuffer>> {
  let seen = new Uint8Array(0);
  const buffer = new Uint8Array(16 * 1024);
  for (;;) {
    const count = await connection.read(buffer);
    if (count === null) throw new EngineError(0, "docker closed the connection before it answered");
    seen = join([seen, buffer.subarray(0, count)]);
    const text = new TextDecoder("latin1").decode(seen);
    const end = text.indexOf("\r\n\r\n");
    if (end < 0) continue;
    const status = Number(text.split(" ", 2)[1]);
    if (status === 101 || status === 200) return seen.slice(end + 4);
    const message = (parseBody(text.slice(end + 4)) as { message?: string }).message ?? text.slice(end + 4);
    throw new EngineError(status, String(message).trim());
  }
}

export async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) written += await connection.write(bytes.subarray(written));
}

export function join(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
