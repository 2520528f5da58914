/** One look at a container by a probe's handler: exec, HTTP, TCP or gRPC. */
import http from "node:http";
import https from "node:https";
import type { Engine } from "../../../runtime/engine/mod.ts";
import type { Container, Probe } from "../pod/pod.ts";
import type { CheckResult } from "./check_result.ts";
import { grpcHealth } from "./grpc_health.ts";

export interface Target {
  readonly engine: Engine;
  readonly containerId: string;
  readonly container: Container;
  readonly podIp: string;
}

const ok: CheckResult = { ok: true };
const maxOutputBytes = 10 * 1024;

/** Never throws: whatever goes wrong is the answer. */
export async function check(probe: Probe, target: Target, timeoutMs: number): Promise<CheckResult> {
  try {
    if (probe.exec) return await checkExec(probe.exec.command ?? [], target, timeoutMs);
    if (probe.httpGet) return await checkHttp(probe.httpGet, target, timeoutMs);
    if (probe.tcpSocket) return await checkTcp(probe.tcpSocket, target, timeoutMs);
    if (probe.grpc) return await grpcHealth({ ...probe.grpc, host: target.podIp }, timeoutMs);
    return { ok: false, message: "probe has no handler" };
  } catch (error) {
    return { ok: false, message: error instanceof Error ? error.message : String(error) };
  }
}

async function checkExec(
  command: readonly string[],
  { engine, containerId }: Target,
  timeoutMs: number,
): Promise<CheckResult> {
  const deadline = deadlineOf(
    timeoutMs,
    `command timed out: ${JSON.stringify(command.join(" "))} timed out after ${timeoutMs / 1000}s`,
  );
  const run = async (): Promise<CheckResult> => {
    await using session = await engine.exec(containerId, {
      command,
      stdin: false,
      stdout: true,
      stderr: true,
      tty: false,
    });
    const text = await readText(session.output);
    return await session.exitCode() === 0 ? ok : { ok: false, message: text };
  };
  return await Promise.race([run(), deadline.promise]).finally(deadline.cancel);
}

async function readText(output: AsyncIterable<{ bytes: Uint8Array }>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const { bytes } of output) {
    if (text.length < maxOutputBytes) text += decoder.decode(bytes, { stream: true });
  }
  return text;
}

function deadlineOf(ms: number, message: string): { promise: Promise<CheckResult>; cancel: () => void } {
  let timer: ReturnType<typeof setTimeout>;
  const promise = new Promise<CheckResult>((resolve) => timer = setTimeout(() => resolve({ ok: false, message }), ms));
  return { promise, cancel: () => clearTimeout(timer) };
}

type HttpGet = NonNullable<Probe["httpGet"]>;

/** 2xx and 3xx are well. Certificates aren't checked: the pod is asked, not a name. */
export function checkHttp(get: HttpGet, { podIp, container }: Target, timeoutMs: number): Promise<CheckResult> {
  const { path = "/", scheme = "HTTP", host, httpHeaders = [] } = get;
  const port = portOf(get.port, container);
  const hostname = host || podIp;
  const url = `${scheme.toLowerCase()}://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}${path}`;
  const headers: Record<string, string> = { "user-agent": "kube-probe/1.36", accept: "*/*", connection: "close" };
  for (const { name, value = "" } of httpHeaders) headers[name.toLowerCase()] = value;
  return new Promise((resolve) => {
    const fail = (message: string) => resolve({ ok: false, message });
    const request = (scheme === "HTTPS" ? https : http).request(url, {
      headers,
      agent: false,
      rejectUnauthorized: false,
      signal: AbortSignal.timeout(timeoutMs),
    }, (response) => {
      const status = response.statusCode ?? 0;
      response.resume();
      response.once("end", () => request.destroy());
      return status >= 200 && status < 400 ? resolve(ok) : fail(`HTTP probe failed with statuscode: ${status}`);
    });
    request.on("error", (error) => fail(`Get "${url}": ${wordsOf(error, `${hostname}:${port}`)}`));
    request.end();
  });
}

/** In the words that people know from other nodes. */
function wordsOf(error: Error & { code?: string }, address: string): string {
  if (error.name === "AbortError" || error.name === "TimeoutError") {
    return "context deadline exceeded (Client.Timeout exceeded while awaiting headers)";
  }
  if (error.code === "ECONNREFUSED") return `dial tcp ${address}: connect: connection refused`;
  return error.message;
}

type TcpSocket = NonNullable<Probe["tcpSocket"]>;

async function checkTcp(
  { host, port }: TcpSocket,
  { podIp, container }: Target,
  timeoutMs: number,
): Promise<CheckResult> {
  const hostname = host || podIp;
  const number = portOf(port, container);
  try {
    const connection = await Deno.connect(
      { hostname, port: number, signal: AbortSignal.timeout(timeoutMs) } as Deno.ConnectOptions,
    );
    connection.close();
    return ok;
  } catch (error) {
    const refused = error instanceof Deno.errors.ConnectionRefused;
    const reason = refused ? "connect: connection refused" : "i/o timeout";
    return { ok: false, message: `dial tcp ${hostname}:${number}: ${reason}` };
  }
}

/** A number, or the name of one of the container's ports. */
function portOf(port: string | number, container: Container): number {
  if (typeof port === "number" || /^\d+$/.test(port)) return Number(port);
  const found = container.ports?.find(({ name }) => name === port);
  if (!found) throw new Error(`couldn't find port: ${port}`);
  return found.containerPort;
}
