/**
 * Requests to one server over TLS, on connections that are kept. It knows bytes, headers and status codes; objects are the
 * client's business.
 *
 * What does not come to an answer is a `StatusError` ServiceUnavailable that says which server and why.
 */
import { Agent, type AgentOptions, request } from "node:https";
import type { IncomingMessage } from "node:http";
import { StatusError } from "../schema/mod.ts";

export interface HttpsTarget {
  /** `https://host:port`, maybe with a path in front of the API's. */
  readonly server: string;
  /** PEM of the authorities that the server's certificate may come from. */
  readonly ca: string;
  /** PEM of the client certificate and its key. */
  readonly cert?: string;
  readonly key?: string;
  /** Bearer token; a function where it is renewed on disk. */
  readonly token?: string | (() => string);
}

export interface HttpsRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly body?: string;
  readonly contentType?: string;
  /** A watch: it has no end of its own, and goes over a connection of its own. */
  readonly signal?: AbortSignal;
  /** A connection on which nothing moves for so long is given up; 0: never. Default a minute. */
  readonly silenceMs?: number;
}

export interface HttpsConnection extends Disposable {
  send(request: HttpsRequest): Promise<IncomingMessage>;
}

const answerMs = 60_000;

export function httpsConnection(target: HttpsTarget): HttpsConnection {
  const { server, ca, cert, key, token } = target;
  const base = new URL(server);
  if (base.protocol !== "https:") throw new TypeError(`the server must be an https URL, not ${server}`);
  const tls: AgentOptions = { ca, cert, key, keepAlive: true };
  const agent = new Agent({ ...tls, maxSockets: 64 });
  // A watch holds its connection for long; calls must not wait behind them.
  const watchAgent = new Agent({ ...tls, keepAlive: false });
  const prefix = base.pathname.replace(/\/$/, "");

  const attempt = (call: HttpsRequest) => {
    const headers: Record<string, string | number> = { accept: "application/json", "user-agent": "d8s" };
    if (token !== undefined) headers.authorization = `Bearer ${typeof token === "string" ? token : token()}`;
    if (call.body !== undefined) {
      headers["content-type"] = call.contentType ?? "application/json";
      headers["content-length"] = new TextEncoder().encode(call.body).length;
    }
    const url = new URL(prefix + call.path, base);
    return exchange(url, { method: call.method, headers, agent: call.signal ? watchAgent : agent }, call);
  };

  return {
    async send(call) {
      try {
        return await attempt(call);
      } catch (error) {
        // The server may hang up on a kept connection just as it is used again; what is not a POST may be said twice.
        if (isReset(error) && call.method !== "POST" && !call.signal?.aborted) {
          return await attempt(call).catch((again) => unreachable(server, again));
        }
        return unreachable(server, error);
      }
    },
    [Symbol.dispose]() {
      agent.destroy();
      watchAgent.destroy();
    },
  };
}

interface Exchange {
  readonly method: string;
  readonly headers: Record<string, string | number>;
  readonly agent: Agent;
}

function exchange(
  url: URL,
  options: Exchange,
  { body, signal, silenceMs = answerMs }: HttpsRequest,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = request(url, options);
    const abort = () => sent.destroy();
    sent.on("response", (answer) => {
      answer.on("close", () => signal?.removeEventListener("abort", abort));
      resolve(answer);
    });
    sent.on("error", (error) => {
      signal?.removeEventListener("abort", abort);
      reject(error);
    });
    if (signal?.aborted) return sent.destroy();
    signal?.addEventListener("abort", abort, { once: true });
    if (silenceMs > 0) {
      sent.setTimeout(silenceMs, () => sent.destroy(new Error(`silent for ${silenceMs / 1000} s`)));
    }
    sent.end(body);
  });
}

function isReset(error: unknown): boolean {
  return ["ECONNRESET", "EPIPE"].includes((error as { code?: string }).code ?? "");
}

function unreachable(server: string, cause: unknown): never {
  const why = cause instanceof Error ? cause.message || String((cause as { code?: string }).code) : String(cause);
  throw new StatusError("ServiceUnavailable", `the server ${server} could not be asked: ${why}`, {}, { cause });
}
