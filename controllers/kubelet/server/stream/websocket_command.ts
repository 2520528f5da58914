/**
 * exec and attach over WebSocket: every message begins with the number of its channel.
 *
 * Source: Kubernetes "WebSocket streaming protocol" (v4.channel.k8s.io; v5 adds the half-close message 255, KEP-4006). The
 * first version, `channel.k8s.io`, tells only failures, in plain words; `base64.` before a name means text messages: the
 * channel as a digit, the rest in base64.
 */
import type { WebSocket } from "ws";
import { Inbox } from "./inbox.ts";
import { hangUp } from "./open_websocket.ts";
import { type CommandStatus, parseSize, type RemoteCommand, type TerminalSize } from "./remote_command.ts";

const channel = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;

export const commandProtocols = [
  "v5.channel.k8s.io",
  "v4.channel.k8s.io",
  "base64.v4.channel.k8s.io",
  "channel.k8s.io",
  "base64.channel.k8s.io",
  "",
];

/** The streams that were asked for: of the others nothing is taken and nothing sent. */
export interface AskedStreams {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
}

export function websocketCommand(socket: WebSocket, asked: AskedStreams): RemoteCommand {
  const inText = socket.protocol.startsWith("base64.");
  const statusIsJson = /v[45]\./.test(socket.protocol);
  const gone = new AbortController();
  const flow = { limit: 64, onFull: () => socket.pause(), onDrained: () => socket.resume() };
  const input = new Inbox<Uint8Array>(flow);
  const sizes = new Inbox<TerminalSize>({ limit: Infinity, onFull: () => {}, onDrained: () => {} });
  const over = () => {
    input.end();
    sizes.end();
    gone.abort();
  };
  socket.on("message", (data: Uint8Array) => {
    const bytes = inText ? fromText(new TextDecoder().decode(data)) : new Uint8Array(data);
    const payload = bytes.subarray(1);
    if (bytes[0] === channel.stdin) input.push(payload);
    if (bytes[0] === channel.close && payload[0] === channel.stdin) input.end();
    if (bytes[0] !== channel.resize) return;
    const size = parseSize(new TextDecoder().decode(payload));
    if (size) sizes.push(size);
  });
  socket.on("close", over);
  socket.on("error", over);
  const send = (number: number, bytes: Uint8Array) =>
    new Promise<void>((resolve) => socket.send(inText ? text(number, bytes) : frame(number, bytes), () => resolve()));
  return {
    stdin: asked.stdin ? input : undefined,
    sizes,
    gone: gone.signal,
    write: (stream, bytes) => asked[stream] ? send(channel[stream], bytes) : Promise.resolve(),
    async finish(status: CommandStatus) {
      const words = statusIsJson ? JSON.stringify(status) : status.message ?? "";
      if (words !== "") await send(channel.error, new TextEncoder().encode(words));
      hangUp(socket);
    },
  };
}

function text(number: number, bytes: Uint8Array): string {
  return `${number}${bytes.toBase64()}`;
}

/** What isn't base64 is nobody's input. */
function fromText(message: string): Uint8Array {
  try {
    return Uint8Array.of(Number(message[0]), ...Uint8Array.fromBase64(message.slice(1)));
  } catch {
    return new Uint8Array(0);
  }
}

function frame(number: number, bytes: Uint8Array): Uint8Array {
  const message = new Uint8Array(bytes.length + 1);
  message[0] = number;
  message.set(bytes, 1);
  return message;
}
