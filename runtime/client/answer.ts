/** What an HTTP answer says: an object, or the `StatusError` that the server meant. */
import type { IncomingMessage } from "node:http";
import { type Json, type Reason, type Status, StatusError } from "../schema/mod.ts";

/** Throws for every code above 399. */
export async function jsonOf(answer: IncomingMessage): Promise<Json> {
  const text = await textOf(answer);
  const code = answer.statusCode ?? 0;
  if (code >= 400) throw refusal(code, text);
  try {
    return JSON.parse(text);
  } catch (cause) {
    // Health and version endpoints answer in plain text.
    if (!answer.headers["content-type"]?.includes("json")) return text;
    throw new StatusError("InternalError", "the server's answer is not JSON", {}, { cause });
  }
}

export async function textOf(answer: IncomingMessage): Promise<string> {
  const decoder = new TextDecoder();
  const parts: string[] = [];
  for await (const chunk of answer) parts.push(decoder.decode(chunk as Uint8Array, { stream: true }));
  return parts.join("") + decoder.decode();
}

/** Body of a failed answer, which proxies in between may have written. */
export function refusal(code: number, text: string): StatusError {
  try {
    const status = JSON.parse(text);
    if (status?.kind === "Status") return statusError(status);
  } catch { /* Not from an API server; its text is all there is. */ }
  const said = text.trim().slice(0, 512) || "no body";
  return new StatusError(reasonOf(code), `the server answered ${code}: ${said}`, {}, { code });
}

export function statusError({ reason, message, details, code }: Status): StatusError {
  return new StatusError((reason ?? "") as Reason, message ?? "the server gave no reason", details, { code });
}

const reasons: Record<number, Reason> = {
  400: "BadRequest",
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  405: "MethodNotAllowed",
  409: "Conflict",
  410: "Expired",
  429: "TooManyRequests",
  500: "InternalError",
  503: "ServiceUnavailable",
  504: "Timeout",
};

function reasonOf(code: number): Reason {
  return reasons[code] ?? "";
}
