/**
 * Questions about the rest of the world, passed on to the machine's own resolvers byte for byte, so that whatever they
 * know (DNSSEC, types that have no name here) comes back as they said it.
 */
import { createSocket } from "node:dgram";
import { isIPv6 } from "node:net";
import { createConnection } from "node:net";

export interface Server {
  readonly address: string;
  readonly port: number;
}

export interface ForwardOptions {
  /** For each server. */
  readonly timeoutMs: number;
  readonly transport: "udp" | "tcp";
}

/** Name servers of a `resolv.conf`, at most three as in libc; `own` is left out, or a question would go in circles. */
export function nameServers(resolvConf: string, own: readonly string[]): Server[] {
  return resolvConf.split("\n")
    .flatMap((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1] ?? [])
    .filter((address) => !own.includes(address))
    .slice(0, 3)
    .map((address) => ({ address, port: 53 }));
}

/** The first answer of the servers asked one after the other; undefined when none answers in its time. */
export async function forward(
  query: Uint8Array,
  servers: readonly Server[],
  { timeoutMs, transport }: ForwardOptions,
): Promise<Uint8Array | undefined> {
  const ask = transport === "udp" ? askUdp : askTcp;
  for (const server of servers) {
    const answer = await ask(query, server, timeoutMs);
    if (answer) return answer;
  }
  return undefined;
}

/** A socket for each question: its random port is half of the protection against forged answers. */
function askUdp(query: Uint8Array, { address, port }: Server, timeoutMs: number): Promise<Uint8Array | undefined> {
  const { promise, resolve } = Promise.withResolvers<Uint8Array | undefined>();
  const socket = createSocket(isIPv6(address) ? "udp6" : "udp4");
  const timer = setTimeout(() => resolve(undefined), timeoutMs);
  socket.on("error", () => resolve(undefined));
  socket.on("message", (answer, from) => {
    if (from.port === port && from.address === address && isAnswerTo(query, answer)) resolve(answer);
  });
  socket.send(query, port, address, (error) => error && resolve(undefined));
  return promise.finally(() => {
    clearTimeout(timer);
    socket.close();
  });
}

function askTcp(query: Uint8Array, { address, port }: Server, timeoutMs: number): Promise<Uint8Array | undefined> {
  const { promise, resolve } = Promise.withResolvers<Uint8Array | undefined>();
  const socket = createConnection({ host: address, port });
  const timer = setTimeout(() => resolve(undefined), timeoutMs);
  let received = new Uint8Array();
  socket.on("error", () => resolve(undefined));
  socket.on("close", () => resolve(undefined));
  socket.on("data", (chunk: Uint8Array) => {
    received = concat(received, chunk);
    const length = received.length < 2 ? Infinity : received[0]! * 256 + received[1]!;
    if (received.length < length + 2) return;
    const answer = received.subarray(2, length + 2);
    resolve(isAnswerTo(query, answer) ? answer : undefined);
  });
  socket.write(concat(new Uint8Array([query.length >> 8, query.length & 255]), query));
  return promise.finally(() => {
    clearTimeout(timer);
    socket.destroy();
  });
}

function isAnswerTo(query: Uint8Array, answer: Uint8Array): boolean {
  return answer.length >= 12 && answer[0] === query[0] && answer[1] === query[1] && (answer[2]! & 0x80) !== 0;
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
