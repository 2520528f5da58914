/**
 * `grpc.health.v1.Health/Check` with the few bytes of protobuf that it takes, over HTTP/2 without TLS.
 *
 * Source: https://github.com/grpc/grpc/blob/master/doc/health-checking.md
 */
import http2 from "node:http2";
import type { CheckResult } from "./check_result.ts";

const serving = 1;
const words = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"];

export function grpcHealth(
  { host, port, service = "" }: { host: string; port: number; service?: string },
  timeoutMs: number,
): Promise<CheckResult> {
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
    stream.on("data", (chunk: Uint8Array) => chunks.push(...chunk));
    stream.on("error", (error: Error) => fail(`error: ${error.message}`));
    stream.on("end", () => {
      const status = statusOf(chunks);
      if (status === serving) return end({ ok: true });
      fail(`service unhealthy (responded with "${words[status] ?? status}")`);
    });
    stream.end(requestFrame(service));
  });
}

/** Length-prefixed message `{ service = 1: string }`. */
function requestFrame(service: string): Uint8Array {
  const name = new TextEncoder().encode(service);
  const message = name.length === 0 ? new Uint8Array(0) : Uint8Array.of(0x0a, name.length, ...name);
  return Uint8Array.of(0, 0, 0, 0, message.length, ...message);
}

/** Field 1 of the answer, a varint below 128; absent means 0. */
function statusOf(frame: readonly number[]): number {
  return frame[5] === 0x08 ? frame[6] ?? 0 : 0;
}
