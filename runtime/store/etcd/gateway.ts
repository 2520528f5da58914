/**
 * etcd's v3 API as JSON over HTTP (its gRPC gateway): one call, one answer, errors named. Keys and values are base64,
 * 64-bit numbers are strings, and what is zero or false is left out.
 *
 * Source: https://etcd.io/docs/v3.6/dev-guide/api_grpc_gateway/
 */
import { StoreError } from "../store.ts";

export interface EtcdOptions {
  /** `https://10.0.0.1:2379`, several members of one cluster. */
  readonly endpoints: readonly string[];
  /** PEM texts. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
}

/** Longest wait for an answer, in milliseconds; a watch has none. */
const callTimeout = 10_000;

export class Gateway {
  #client: Deno.HttpClient;
  #endpoints: readonly string[];
  #current = 0;

  constructor({ endpoints, tls = {} }: EtcdOptions) {
    if (endpoints.length === 0) throw new StoreError("refused", "etcd needs at least one endpoint");
    this.#endpoints = endpoints.map((endpoint) => endpoint.replace(/\/$/, ""));
    const { ca, cert, key } = tls;
    this.#client = Deno.createHttpClient({ caCerts: ca ? [ca] : [], ...(cert && key ? { cert, key } : {}) });
  }

  /** Throws `unavailable` when no answer came: the call may have been done. Reads are tried at each endpoint once. */
  async call<T>(path: string, body: unknown, options: { readonly idempotent: boolean }): Promise<T> {
    const attempts = options.idempotent ? this.#endpoints.length : 1;
    for (let attempt = 1;; attempt++) {
      try {
        const response = await this.#post(path, body, AbortSignal.timeout(callTimeout));
        return await response.json() as T;
      } catch (error) {
        if (attempt >= attempts || !(error instanceof StoreError) || error.reason !== "unavailable") {
          throw asStoreError(error);
        }
      }
    }
  }

  /** A call whose answer is a stream of JSON lines. */
  async *stream<T>(path: string, body: unknown, signal: AbortSignal): AsyncGenerator<T> {
    const response = await this.#post(path, body, signal);
    let rest = "";
    try {
      for await (const text of response.body!.pipeThrough(new TextDecoderStream())) {
        const lines = (rest + text).split("\n");
        rest = lines.pop()!;
        for (const line of lines) yield JSON.parse(line) as T;
      }
    } catch (error) {
      if (signal.aborted) return;
      throw asStoreError(error);
    }
  }

  close(): void {
    this.#client.close();
  }

  async #post(path: string, body: unknown, signal: AbortSignal): Promise<Response> {
    const endpoint = this.#endpoints[this.#current % this.#endpoints.length]!;
    let response: Response;
    try {
      response = await fetch(endpoint + path, {
        method: "POST",
        body: JSON.stringify(body),
        client: this.#client,
        signal,
      });
    } catch (error) {
      this.#current++;
      throw new StoreError("unavailable", `etcd at ${endpoint} does not answer: ${(error as Error).message}`, {
        cause: error,
      });
    }
    if (response.ok) return response;
    throw refusal(endpoint, response.status, await response.text());
  }
}

/** gRPC's words for what went wrong, in the store's. */
function refusal(endpoint: string, status: number, text: string): StoreError {
  const message = messageOf(text);
  if (message.includes("has been compacted")) return new StoreError("compacted", message);
  if (message.includes("future revision")) return new StoreError("future", message);
  if (message.includes("database space exceeded")) return new StoreError("full", message);
  const transient = status >= 500 || status === 429 || /leader|timed out|unavailable/i.test(message);
  return new StoreError(transient ? "unavailable" : "refused", `etcd at ${endpoint}: ${message}`);
}

function messageOf(text: string): string {
  try {
    const { message, error } = JSON.parse(text) as { message?: string; error?: string };
    return message ?? error ?? text;
  } catch {
    return text;
  }
}

function asStoreError(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  return new StoreError("unavailable", `etcd broke off: ${(error as Error).message}`, { cause: error });
}
