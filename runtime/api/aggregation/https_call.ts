/** One HTTPS request with a JSON body to somebody whom an API object names, its answer read up to a limit. */
import { Buffer } from "node:buffer";
import { request as httpRequest, type RequestOptions } from "node:http";
import type { Json } from "../../schema/mod.ts";
import type { KeptConnections } from "./kept_connections.ts";
import { type SecureDial, secureDial } from "./secure_dial.ts";

export interface HttpsCall extends SecureDial {
  readonly method: string;
  /** With query. */
  readonly path: string;
  readonly host: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: Json;
  /** Bytes; more is an error. */
  readonly limit: number;
  /** The connection stays for the next call; absent: it is of one call. */
  readonly kept?: Kept;
}

export interface Kept {
  readonly agent: KeptConnections;
  /** Host and port as they are asked for. */
  readonly place: string;
}

export interface HttpsAnswer {
  readonly code: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** Rejects when nobody answers, too late, or with too much. */
export async function httpsCall(call: HttpsCall): Promise<HttpsAnswer> {
  if (call.kept) return await keptCall(call, call.kept);
  const socket = await secureDial(call);
  try {
    return await answerTo(call, { createConnection: () => socket, headers: { connection: "close" } });
  } finally {
    socket.destroy();
  }
}

/** A connection that the other side gave up while nobody looked is no answer: once more, over another. */
async function keptCall(call: HttpsCall, { agent, place }: Kept): Promise<HttpsAnswer> {
  const options = { agent, dial: { ...call, place } };
  try {
    return await answerTo(call, options);
  } catch (error) {
    if (!(error instanceof StaleConnection)) throw error;
    return await answerTo(call, options);
  }
}

class StaleConnection extends Error {}

function answerTo(call: HttpsCall, options: RequestOptions & { readonly dial?: unknown }): Promise<HttpsAnswer> {
  const { method, path, host, headers, body, limit, signal } = call;
  const payload = body === undefined ? undefined : new TextEncoder().encode(JSON.stringify(body));
  return new Promise((resolve, reject) => {
    const sending = httpRequest({
      ...options,
      method,
      path,
      headers: {
        host,
        accept: "application/json",
        ...(payload ? { "content-type": "application/json", "content-length": payload.length } : {}),
        ...headers,
        ...options.headers as Record<string, string>,
      },
    });
    const abort = () => {
      reject(signal?.reason);
      sending.destroy();
    };
    signal?.addEventListener("abort", abort, { once: true });
    let begun = false;
    sending.once("close", () => {
      signal?.removeEventListener("abort", abort);
      reject(new Error("unexpected EOF"));
    });
    sending.once("error", (error) => reject(sending.reusedSocket && !begun ? new StaleConnection() : error));
    sending.once("response", (answer) => {
      begun = true;
      const parts: Uint8Array[] = [];
      let length = 0;
      answer.on("data", (part: Uint8Array) => {
        length += part.length;
        if (length <= limit) return void parts.push(part);
        reject(new Error(`the answer is longer than ${limit} bytes`));
        sending.destroy();
      });
      answer.once("error", reject);
      answer.once("end", () => {
        const text = new TextDecoder().decode(Buffer.concat(parts));
        resolve({ code: answer.statusCode ?? 0, headers: answer.headers, text });
      });
    });
    sending.end(payload);
  });
}
