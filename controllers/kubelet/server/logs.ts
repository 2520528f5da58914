/** `/containerLogs/NAMESPACE/POD/CONTAINER`: what a container wrote, from docker's log, with the options of `PodLogOptions`. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { LogOptions } from "../../../runtime/engine/mod.ts";
import type { Agent } from "../sync/agent.ts";
import { findContainer, findPod, loggedContainer } from "./find_container.ts";
import { RequestError } from "./request_error.ts";

export async function writeLogs(
  agent: Agent,
  { url, request, response }: { url: URL; request: IncomingMessage; response: ServerResponse },
): Promise<void> {
  const gone = new AbortController();
  request.socket.once("close", () => gone.abort());
  response.once("close", () => gone.abort());
  const chunks = logChunks(agent, url, gone.signal);
  response.writeHead(200, { "content-type": "text/plain", "transfer-encoding": "chunked" });
  response.flushHeaders();
  try {
    for await (const chunk of chunks) {
      if (!response.write(chunk)) await drained(response, gone.signal);
    }
  } catch (error) {
    if (!gone.signal.aborted) throw error;
  }
  response.end();
}

/** Throws a `RequestError` at once when there is no such log. */
export function logChunks(
  agent: Agent,
  { pathname, searchParams }: URL,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  const [, , namespace = "", podName = "", containerName = ""] = pathname.split("/").map(decodeURIComponent);
  const pod = findPod(agent, namespace, podName);
  const container = findContainer(pod, containerName);
  const previous = searchParams.get("previous") === "true";
  const { state } = loggedContainer(agent, pod, { name: container.name, previous });
  const options = logOptions(searchParams, agent.context.clock.now(), signal);
  return limited(agent.engine.logs(state.id, options), limitOf(searchParams));
}

function logOptions(query: URLSearchParams, now: number, signal: AbortSignal): LogOptions {
  const stream = query.get("stream") ?? "All";
  return {
    follow: query.get("follow") === "true",
    timestamps: query.get("timestamps") === "true",
    tail: countOf(query, "tailLines"),
    since: sinceOf(query, now),
    stdout: stream !== "Stderr",
    stderr: stream !== "Stdout",
    signal,
  };
}

function sinceOf(query: URLSearchParams, now: number): number | undefined {
  const seconds = countOf(query, "sinceSeconds");
  if (seconds !== undefined) return now / 1000 - seconds;
  const time = query.get("sinceTime");
  if (!time) return undefined;
  const at = Date.parse(time);
  if (Number.isNaN(at)) throw new RequestError(400, `invalid sinceTime "${time}"`);
  return at / 1000;
}

function limitOf(query: URLSearchParams): number {
  return countOf(query, "limitBytes") ?? Infinity;
}

function countOf(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === "") return undefined;
  if (!/^\d+$/.test(text)) throw new RequestError(400, `invalid ${name} "${text}": must be a whole number, 0 or more`);
  return Number(text);
}

async function* limited(chunks: AsyncIterable<{ bytes: Uint8Array }>, limit: number): AsyncIterable<Uint8Array> {
  let left = limit;
  for await (const { bytes } of chunks) {
    if (left <= 0) return;
    const part = bytes.subarray(0, left);
    left -= part.length;
    yield part;
  }
}

function drained(response: ServerResponse, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    response.once("drain", () => resolve());
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
