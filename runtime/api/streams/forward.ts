/** One HTTP request sent on to a destination, its answer streamed back as it comes. */
import { type IncomingMessage, request as httpRequest, type RequestOptions } from "node:http";
import { Readable } from "node:stream";
import { StatusError } from "../../schema/mod.ts";
import type { Exchange } from "../http/exchange.ts";
import type { Destination } from "./destination.ts";
import { forwardedHeaders } from "./forwarded_headers.ts";

/** Throws ServiceUnavailable when nobody answers. */
export async function forward(
  { request, connection }: Pick<Exchange, "request" | "connection">,
  destination: Destination,
): Promise<Response> {
  const socket = await destination.connect();
  const options: RequestOptions = {
    method: request.method,
    path: destination.path,
    headers: headersFor(request, destination),
    createConnection: () => socket,
  };
  const outgoing = httpRequest(options);
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once("response", resolve);
    outgoing.once("error", (error) => reject(unreachable(error)));
    // A socket that closed before the request took it over tells the request nothing.
    const ended = () => reject(unreachable(new Error("EOF")));
    if (socket.destroyed) ended();
    else socket.once("close", ended);
  });
  const proof = connection.whenLost?.(() => socket.destroy());
  connection.outgoing?.once("close", () => socket.destroy());
  const body = connection.incoming ?? (request.body ? Readable.fromWeb(request.body as never) : undefined);
  if (body && request.method !== "GET" && request.method !== "HEAD") body.pipe(outgoing);
  else outgoing.end();
  const answer = await answered.catch((error) => {
    proof?.[Symbol.dispose]();
    throw error;
  });
  answer.once("close", () => {
    proof?.[Symbol.dispose]();
    socket.destroy();
  });
  return new Response(hasBody(request.method, answer) ? Readable.toWeb(answer) as unknown as ReadableStream : null, {
    status: answer.statusCode,
    headers: answerHeaders(answer),
  });
}

function unreachable(error: Error & { code?: string }): StatusError {
  const why = error.code === "ECONNRESET" ? "EOF" : error.message;
  return new StatusError("ServiceUnavailable", `error trying to reach service: ${why}`, undefined, {
    cause: error,
  });
}

function headersFor(request: Request, destination: Destination): Record<string, string | string[]> {
  const all = forwardedHeaders([...request.headers], destination, "close");
  const byName = Map.groupBy(all, ([name]) => name);
  return Object.fromEntries(
    byName.entries().map(([name, pairs]) => [name, pairs.length > 1 ? pairs.map(([, value]) => value) : pairs[0]![1]]),
  );
}

function hasBody(method: string, { statusCode }: IncomingMessage): boolean {
  return method !== "HEAD" && statusCode !== 204 && statusCode !== 304;
}

const hopByHop = new Set(["connection", "keep-alive", "transfer-encoding", "upgrade"]);

function answerHeaders({ headers }: IncomingMessage): Headers {
  const kept = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    if (hopByHop.has(name) || value === undefined) continue;
    for (const one of [value].flat()) kept.append(name, one);
  }
  return kept;
}
