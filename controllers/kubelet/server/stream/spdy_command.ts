/** exec and attach over SPDY/3.1: one stream for each of error, stdin, stdout, stderr and resize. */
import type { Duplex } from "node:stream";
import { RequestError } from "../request_error.ts";
import { type CommandStatus, parseSize, type RemoteCommand, type TerminalSize } from "./remote_command.ts";
import { endStream, spdyServer, type SpdyStream, writeStream } from "./spdy.ts";

export const spdyCommandProtocols = ["v4.channel.k8s.io", "v3.channel.k8s.io", "v2.channel.k8s.io", "channel.k8s.io"];

/** As long as a client may take to open its streams; upstream's figure. */
const openWithinMs = 30_000;

export interface Wanted {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
  readonly protocol: string;
}

export async function spdyCommand(socket: Duplex, wanted: Wanted): Promise<RemoteCommand> {
  const connection = spdyServer(socket);
  const gone = new AbortController();
  for (const event of ["close", "error"] as const) connection.on(event, () => gone.abort());
  socket.once("close", () => gone.abort());
  const streams = await collect(connection, namesOf(wanted), gone.signal);
  const out = { stdout: streams.get("stdout"), stderr: streams.get("stderr") };
  return {
    stdin: streams.get("stdin"),
    sizes: sizesOf(streams.get("resize")),
    gone: gone.signal,
    async write(name, bytes) {
      const stream = out[name];
      if (stream) await writeStream(stream, bytes);
    },
    async finish(status) {
      const error = streams.get("error")!;
      const text = errorText(status, wanted.protocol);
      if (text !== "") await writeStream(error, new TextEncoder().encode(text));
      await Promise.all([error, ...Object.values(out)].map((stream) => stream && endStream(stream)));
      connection.end();
    },
  };
}

/** Before v4 the error stream carried words, and nothing when all was well. */
function errorText(status: CommandStatus, protocol: string): string {
  if (protocol === "v4.channel.k8s.io") return JSON.stringify(status);
  return status.status === "Success" ? "" : status.message ?? "";
}

function namesOf({ stdin, stdout, stderr, tty, protocol }: Wanted): string[] {
  const resizes = tty && (protocol === "v4.channel.k8s.io" || protocol === "v3.channel.k8s.io");
  return [
    "error",
    ...(stdin ? ["stdin"] : []),
    ...(stdout ? ["stdout"] : []),
    ...(stderr && !tty ? ["stderr"] : []),
    ...(resizes ? ["resize"] : []),
  ];
}

function collect(
  connection: ReturnType<typeof spdyServer>,
  names: readonly string[],
  gone: AbortSignal,
): Promise<Map<string, SpdyStream>> {
  const streams = new Map<string, SpdyStream>();
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => fail("timed out waiting for streams"), openWithinMs);
    const fail = (reason: string) => {
      clearTimeout(late);
      connection.end();
      reject(new RequestError(400, reason));
    };
    gone.addEventListener("abort", () => fail("the client went away"), { once: true });
    connection.on("stream", (stream) => {
      streams.set(stream.headers.streamtype ?? "", stream);
      if (!names.every((name) => streams.has(name))) return;
      clearTimeout(late);
      resolve(streams);
    });
  });
}

async function* sizesOf(stream: SpdyStream | undefined): AsyncIterable<TerminalSize> {
  if (!stream) return;
  for await (const bytes of stream) {
    for (const line of new TextDecoder().decode(bytes as Uint8Array).split("\n")) {
      const size = parseSize(line);
      if (size) yield size;
    }
  }
}
