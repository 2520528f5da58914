/** Responses, and the rendering of every error as a Status. */
import { getLogger } from "@logtape/logtape";
import { gzip } from "node:zlib";
import { type Status, type StatusDetails, StatusError } from "../../schema/mod.ts";
import type { Connection } from "../connection.ts";
import { errorEncoding } from "./negotiate.ts";

const log = getLogger(["d8s", "api"]);

/** Smaller answers are not worth compressing (upstream's limit). */
const gzipFrom = 128 * 1024;

export function answer(
  bytes: Uint8Array,
  contentType: string,
  code = 200,
  headers: Record<string, string> = {},
): Response {
  return new Response(bytes as Uint8Array<ArrayBuffer>, {
    status: code,
    headers: {
      "content-type": contentType,
      "cache-control": "no-cache, private",
      ...headers,
    },
  });
}

/** Whether an answer to this reader may be compressed: on one machine that costs more time than the bytes would. */
export function readsGzip(request: Request, remoteAddress: string | undefined): boolean {
  const near = /^(127\.|::1$|::ffff:127\.)/.test(remoteAddress ?? "");
  return !near && /\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/.test(request.headers.get("accept-encoding") ?? "");
}

/** Large answers to those who can read gzip. */
export async function compressed(
  bytes: Uint8Array,
  contentType: string,
  gzipped: boolean,
  headers: Record<string, string> = {},
): Promise<Response> {
  if (bytes.length < gzipFrom || !gzipped) return answer(bytes, contentType, 200, headers);
  const small = await new Promise<Uint8Array>((resolve, reject) => {
    gzip(bytes, { level: 1 }, (error, result) => error ? reject(error) : resolve(result));
  });
  return answer(small, contentType, 200, { ...headers, "content-encoding": "gzip", "vary": "Accept-Encoding" });
}

/** What went wrong, as a StatusError; what nobody foresaw is logged and becomes an InternalError. */
export function statusErrorOf(error: unknown, { requestId, audit }: Connection = {}): StatusError {
  if (error instanceof StatusError) return error;
  // Documents are walked by recursion; none that means something is thousands of levels deep.
  if (error instanceof RangeError && error.message.includes("call stack")) {
    return new StatusError("BadRequest", "the document is nested too deeply: exceeded max depth");
  }
  if (error instanceof URIError) return new StatusError("BadRequest", `the path is not valid: ${error.message}`);
  audit?.panicked(error);
  log.error("request failed", { error, requestId });
  const message = error instanceof Error ? error.message : String(error);
  return new StatusError("InternalError", `Internal error occurred: ${message}`, { causes: [{ message }] });
}

/** `accept`: what whoever asked can read. */
export function failure(
  error: unknown,
  connection?: Connection,
  accept: string | null | undefined = connection?.incoming?.headers.accept,
): Response {
  const { code, details, ...rest } = statusErrorOf(error, connection).toStatus();
  const continueToken = (error as { continueToken?: string }).continueToken;
  const status = {
    ...rest,
    metadata: continueToken ? { continue: continueToken } : {},
    ...(details ? { details } : {}),
    code,
  };
  const retry: Record<string, string> = {};
  if (details?.retryAfterSeconds) retry["retry-after"] = String(details.retryAfterSeconds);
  const encoding = errorEncoding(accept);
  return answer(encoding.value(status), encoding.contentType, code, retry);
}

/** No such path, and no API whose words could say so. */
export function pageNotFound(): Response {
  const plain = { "x-content-type-options": "nosniff" };
  return answer(new TextEncoder().encode("404 page not found\n"), "text/plain; charset=utf-8", 404, plain);
}

/** `Status` of a success, such as a finished deletion. */
export function success(details: StatusDetails, code = 200): Status & { code?: number } {
  const status: Status = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details };
  return code === 200 ? status : { ...status, code };
}
