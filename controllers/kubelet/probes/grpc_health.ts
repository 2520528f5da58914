/**
 * `grpc.health.v1.Health/Check` with the few bytes of protobuf that it takes, over HTTP/2 without TLS.
 *
 * Source: https://github.com/grpc/grpc/blob/master/doc/health-checking.md
 */
import http2 from "node:http2";
import type { CheckResult } from "./check_result.ts";

const serving = 1;
const words = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"];
const notFound = "5";
const unimplemented = "12";

interface Asked {
  readonly host: string;
  readonly port: number;
  readonly service?: string;
}

export function grpcHealth({ host, port, service = "" }: Asked, timeoutMs: number): Promise<CheckResult> {
  return new Promise((resolve) => {
    const session = http2.connect(`http://${host.includes(":") ? `[${host}]` : host}:${port}`);
    const end = (result: CheckResult) => {
      clearTimeout(timer);
      session.destroy();
      resolve(result);
    };
    const fail = (message: string) => end({ ok: false, message });
    const timer = setTimeout(
      () => fail(`timeout: failed to connect service "${host}:${port}" within ${timeoutMs / 1000}s`),
      timeoutMs,
    );
    session.on("error", (error: Error) => fail(`error: ${error.message}`));
    const stream = session.request({
      ":method": "POST",
      ":path": "/grpc.health.v1.Health/Check",
      "content-type": "application/grpc",
      "te": "trailers",
    });
    const chunks: number[] = [];
    let told: Trailers = {};
    const learn = (headers: Trailers) => told = { ...told, ...headers };
    stream.on("response", learn);
    stream.on("trailers", learn);
    stream.on("data", (chunk: Uint8Array) => chunks.push(...chunk));
    stream.on("error", (error: Error) => fail(`error: ${error.message}`));
    stream.on("end", () => end(judge(told, chunks)));
    stream.end(requestFrame(service));
  });
}

interface Trailers {
  readonly "grpc-status"?: unknown;
  readonly "grpc-message"?: unknown;
}

/** An answer may consist of its end alone: then the status stands where the headers are. */
function judge(
  { "grpc-status": code = "0", "grpc-message": text = "" }: Trailers,
  frame: readonly number[],
): CheckResult {
  if (String(code) === unimplemented) {
    const message = "error: this server does not implement the grpc health protocol (grpc.health.v1.Health)";
    return { ok: false, message: `${message}: ${text}` };
  }
  if (String(code) !== "0") {
    const name = String(code) === notFound ? "NotFound" : code;
    return { ok: false, message: `error: health rpc probe failed: rpc error: code = ${name} desc = ${text}` };
  }
  const status = statusOf(frame);
  if (status === serving) return { ok: true };
  return { ok: false, message: `service unhealthy (responded with "${words[status] ?? status}")` };
}

/** Length-prefixed message `{ service = 1: string }`. */
function requestFrame(service: string): Uint8Array {
  const name = new TextEncoder().encode(service);
  const message = name.length === 0 ? [] : [0x0a, ...varint(name.length), ...name];
  const { length } = message;
  return Uint8Array.of(0, length >>> 24, length >>> 16, length >>> 8, length, ...message);
}

function varint(count: number): number[] {
  return count < 0x80 ? [count] : [count % 0x80 | 0x80, ...varint(count >>> 7)];
}

/** Field 1 of the answer, a varint below 128; absent means 0. */
function statusOf(frame: readonly number[]): number {
  return frame[5] === 0x08 ? frame[6] ?? 0 : 0;
}
