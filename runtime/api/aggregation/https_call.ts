/** One HTTPS request with a JSON body to somebody whom an API object names, its answer read up to a limit. */
import { Buffer } from "node:buffer";
import { request as httpRequest } from "node:http";
import type { Json } from "../../schema/mod.ts";
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
}

export interface HttpsAnswer {
  readonly code: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** Rejects when nobody answers, too late, or with too much. */
export async function httpsCall(call: HttpsCall): Promise<HttpsAnswer> {
  const socket = await secureDial(call);
  try {
    return await answerOn(socket, call);
  } finally {
    socket.destroy();
  }
}

function answerOn(socket: Awaited<ReturnType<typeof secureDial>>, call: HttpsCall): Promise<HttpsAnswer> {
  const { method, path, host, headers, body, limit, signal } = call;
  const payload = body === undefined ? undefined : new TextEncoder().encode(JSON.stringify(body));
  return new Promise((resolve, reject) => {
    const abort = () => {
      reject(signal?.reason);
      socket.destroy();
    };
    signal?.addEventListener("abort", abort, { once: true });
    socket.once("close", () => {
      signal?.removeEventListener("abort", abort);
      reject(new Error("unexpected EOF"));
    });
    const sending = httpRequest({
      method,
      path,
      createConnection: () => socket,
      headers: {
        host,
        accept: "application/json",
        connection: "close",
        ...(payload ? { "content-type": "application/json", "content-length": payload.length } : {}),
        ...headers,
      },
    });
    sending.once("error", reject);
    sending.once("response", (answer) => {
      const parts: Uint8Array[] = [];
      let length = 0;
      answer.on("data", (part: Uint8Array) => {
        length += part.length;
        if (length <= limit) return void parts.push(part);
        reject(new Error(`the answer is longer than ${limit} bytes`));
        socket.destroy();
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
