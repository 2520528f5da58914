/** exec and attach over SPDY/3.1: one stream for each of error, stdin, stdout, stderr and resize. */
import type { Duplex } from "node:stream";
import { RequestError } from "../request_error.ts";
import { type CommandStatus, parseSize, type RemoteCommand, type TerminalSize } from "./remote_command.ts";
import { type SpdyConnection, spdyServer, type SpdyStream } from "./spdy.ts";

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
  const { connection, streams } = await collect(socket, namesOf(wanted));
  const out = { stdout: streams.get("stdout"), stderr: streams.get("stderr") };
  return {
    stdin: streams.get("stdin")?.input,
    sizes: sizesOf(streams.get("resize")),
    gone: connection.gone,
    async write(name, bytes) {
      await out[name]?.write(bytes);
    },
    async finish(status) {
      const error = streams.get("error")!;
      await error.write(new TextEncoder().encode(errorText(status, wanted.protocol)));
      await Promise.all([error, ...Object.values(out)].map((stream) => stream?.end()));
      await connection.close();
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

interface Collected {
  readonly connection: SpdyConnection;
  readonly streams: Map<string, SpdyStream>;
}

function collect(socket: Duplex, names: readonly string[]): Promise<Collected> {
  const streams = new Map<string, SpdyStream>();
  return new Promise((resolve, reject) => {
    const connection = spdyServer(socket, (stream) => {
      streams.set(stream.headers.streamtype ?? "", stream);
      if (!names.every((name) => streams.has(name))) return;
      clearTimeout(late);
      resolve({ connection, streams });
    });
    const late = setTimeout(() => socket.destroy(), openWithinMs);
    connection.gone.addEventListener("abort", () => {
      clearTimeout(late);
      reject(new RequestError(400, "the client went away before it had opened its streams"));
    }, { once: true });
  });
}

async function* sizesOf(stream: SpdyStream | undefined): AsyncIterable<TerminalSize> {
  if (!stream) return;
  for await (const bytes of stream.input) {
    for (const line of new TextDecoder().decode(bytes).split("\n")) {
      const size = parseSize(line);
      if (size) yield size;
    }
  }
}
