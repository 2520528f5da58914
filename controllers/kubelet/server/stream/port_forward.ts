/**
 * Port forwarding over SPDY: for every connection the client opens an error stream and a data stream with the same
 * `requestid`; bytes go to that port of the pod, and what goes wrong is told on the error stream.
 */
import type { Duplex } from "node:stream";
import { podConnection } from "./pod_connection.ts";
import { spdyServer, type SpdyStream } from "./spdy.ts";

interface Pair {
  error?: SpdyStream;
  data?: SpdyStream;
}

/** Goes on until the client leaves. `pid` is a process in the pod's network namespace. */
export function forwardPorts(socket: Duplex, pid: number): void {
  const pairs = new Map<string, Pair>();
  spdyServer(socket, (stream) => {
    const { requestid = "", streamtype = "" } = stream.headers;
    const pair = pairs.get(requestid) ?? {};
    pairs.set(requestid, Object.assign(pair, streamtype === "error" ? { error: stream } : { data: stream }));
    if (!pair.error || !pair.data) return;
    pairs.delete(requestid);
    void forward(pair.data, pair.error, pid);
  });
}

async function forward(data: SpdyStream, error: SpdyStream, pid: number): Promise<void> {
  const port = Number(data.headers.port);
  try {
    if (!Number.isInteger(port) || port < 1 || port > 65535) {
      throw new Error(`unable to parse "${data.headers.port}" as a port`);
    }
    await using connection = await podConnection(pid, port);
    data.gone.addEventListener("abort", () => void connection[Symbol.asyncDispose](), { once: true });
    if (data.gone.aborted) return;
    await Promise.all([inward(data, connection.writable), outward(connection.readable, data)]);
  } catch (problem) {
    const reason = problem instanceof Error ? problem.message : String(problem);
    await error.write(new TextEncoder().encode(`error forwarding port ${port} to pod: ${reason}`));
  }
  await Promise.all([error.end(), data.end()]);
}

/** Either side may finish first: the other one goes on. */
async function inward(data: SpdyStream, writable: WritableStream<Uint8Array>): Promise<void> {
  const writer = writable.getWriter();
  try {
    for await (const bytes of data.input) await writer.write(bytes);
    await writer.close();
  } catch {
    // The pod doesn't listen any more; what it still says is passed on.
    await writer.abort().catch(() => {});
  }
}

async function outward(readable: ReadableStream<Uint8Array>, data: SpdyStream): Promise<void> {
  for await (const bytes of readable) await data.write(bytes);
  await data.end();
}
