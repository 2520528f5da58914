/** One look at a container by a probe's handler: exec, HTTP, TCP or gRPC. */
import type { Engine } from "../../../runtime/engine/mod.ts";
import type { Container, Probe } from "../pod/pod.ts";
import { checkHttp, type HttpTarget } from "./check_http.ts";
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
    if (probe.httpGet) return await checkHttp(httpTarget(probe.httpGet, target), timeoutMs);
    if (probe.tcpSocket) return await checkTcp(probe.tcpSocket, target, timeoutMs);
    if (probe.grpc) return await grpcHealth({ ...probe.grpc, host: target.podIp }, timeoutMs);
    return { ok: false, message: "probe has no handler" };
  } catch (error) {
    return { ok: false, message: error instanceof Error ? error.message : String(error) };
  }
}

/** A command that takes too long is hung up, so that its successors don't pile up behind it. */
async function checkExec(
  command: readonly string[],
  { engine, containerId }: Target,
  timeoutMs: number,
): Promise<CheckResult> {
  const took = `command timed out: ${JSON.stringify(command.join(" "))} timed out after ${timeoutMs / 1000}s`;
  const deadline = deadlineOf(timeoutMs, took);
  const options = { command, stdin: false, stdout: true, stderr: true, tty: false };
  const opening = engine.exec(containerId, options);
  const run = async (): Promise<CheckResult> => {
    const session = await opening;
    const text = await readText(session.output);
    return await session.exitCode() === 0 ? ok : { ok: false, message: text };
  };
  return await Promise.race([run(), deadline.promise]).finally(() => {
    deadline.cancel();
    opening.then((session) => session[Symbol.asyncDispose]()).catch(() => {});
  });
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

function httpTarget(get: HttpGet, { podIp, container }: Target): HttpTarget {
  const { path = "/", scheme = "HTTP", host, httpHeaders = [] } = get;
  const hostname = host || podIp;
  const place = `${hostname.includes(":") ? `[${hostname}]` : hostname}:${portOf(get.port, container)}`;
  const url = new URL(`${scheme.toLowerCase()}://${place}${path.startsWith("/") ? path : `/${path}`}`);
  return { url, headers: httpHeaders };
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
