/** One HTTPS request (or a plain one, where somebody says so) with a JSON answer, within a time and a size: how issuers of tokens and authorizers outside are asked. */
import { Buffer } from "node:buffer";
import { request as plainRequest } from "node:http";
import { request } from "node:https";

export interface HttpsJson {
  readonly url: string;
  /** PEM; absent: the authorities that the machine trusts. */
  readonly ca?: string;
  /** PEM, shown to the other side. */
  readonly cert?: string;
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Absent: GET. */
  readonly body?: unknown;
  readonly timeoutMs: number;
  /** `http://`: nobody listens in, or nobody minds. */
  readonly plain?: boolean;
  /** The name in the other side's certificate, when it isn't that of the URL. */
  readonly serverName?: string;
  /** Whoever answers is believed. */
  readonly insecure?: boolean;
  /** Bytes of an answer; absent: a megabyte. */
  readonly answerLimit?: number;
}

/** Bytes. Keys and decisions are small; whoever answers with more wants our memory. */
const usualLimit = 1024 * 1024;

/** The other side answered, but not with what was asked for. */
export class AnswerStatus extends Error {
  constructor(readonly status: number) {
    super(`status ${status}`);
  }
}

/** Rejects when nobody answers, too late, with too much, with another code than 200 or 201, or with no JSON. */
export function httpsJson(asked: HttpsJson): Promise<unknown> {
  const { url, ca, cert, key, headers, body, timeoutMs, plain, serverName, insecure, answerLimit = usualLimit } = asked;
  const payload = body === undefined ? undefined : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const asking = (plain ? plainRequest : request)(url, {
      ...(ca && { ca }),
      ...(cert && { cert, key }),
      ...(serverName && { servername: serverName }),
      ...(insecure && { rejectUnauthorized: false }),
      method: payload ? "POST" : "GET",
      agent: false,
      headers: { accept: "application/json", ...(payload && { "content-type": "application/json" }), ...headers },
    });
    const fail = (error: unknown) => {
      clearTimeout(timer);
      const what = `${payload ? "Post" : "Get"} ${JSON.stringify(url)}: ${(error as Error).message}`;
      reject(new Error(what, { cause: error }));
      asking.destroy();
    };
    const timer = setTimeout(() => fail(new Error("context deadline exceeded")), timeoutMs);
    asking.once("error", fail);
    asking.once("response", (answer) => {
      const parts: Uint8Array[] = [];
      let length = 0;
      answer.on("data", (part: Uint8Array) => {
        length += part.length;
        if (length > answerLimit) fail(new Error(`the answer is longer than ${answerLimit} bytes`));
        else parts.push(part);
      });
      answer.once("error", fail);
      answer.once("end", () => {
        clearTimeout(timer);
        const text = Buffer.concat(parts).toString();
        if (answer.statusCode !== 200 && answer.statusCode !== 201) {
          return fail(new AnswerStatus(answer.statusCode ?? 0));
        }
        try {
          resolve(JSON.parse(text));
        } catch (error) {
          fail(error);
        }
      });
    });
    asking.end(payload);
  });
}
