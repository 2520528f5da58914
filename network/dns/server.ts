/** UDP and TCP on one port, RFC 1035 4.2 and RFC 7766. */
import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, isIPv6, type Server, type Socket } from "node:net";

export interface DnsServerOptions {
  readonly hostname: string;
  /** 0: any free one. */
  readonly port: number;
  /** Whoever isn't accepted gets no answer at all. */
  readonly accepts: (address: string) => boolean;
  /** Must not throw; undefined: no answer. */
  readonly answer: (query: Uint8Array, transport: "udp" | "tcp") => Promise<Uint8Array | undefined>;
}

export interface DnsServer extends AsyncDisposable {
  readonly port: number;
}

const idleMs = 10_000;
/** A stranger may hold this many connections, and no more. */
const maxConnections = 512;

/** Rejects with the system's error (EADDRINUSE, ...) when it can't listen. */
export async function serveDns({ hostname, port, accepts, answer }: DnsServerOptions): Promise<DnsServer> {
  const open = new Set<Socket>();
  const tcp = createServer((socket) => {
    if (!accepts(socket.remoteAddress ?? "")) return socket.destroy();
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    serveConnection(socket, answer);
  });
  tcp.maxConnections = maxConnections;
  tcp.listen(port, hostname);
  await once(tcp, "listening");
  const bound = (tcp.address() as { port: number }).port;
  const udp = createSocket(isIPv6(hostname) ? "udp6" : "udp4");
  udp.on("message", async (query, from) => {
    if (!accepts(from.address)) return;
    const reply = await answer(query, "udp");
    // The asker may be gone; that is its own affair.
    if (reply) udp.send(reply, from.port, from.address, () => {});
  });
  try {
    udp.bind(bound, hostname);
    await once(udp, "listening");
  } catch (error) {
    tcp.close();
    throw error;
  }
  // An unreachable asker must not end the server.
  udp.on("error", () => {});
  return { port: bound, [Symbol.asyncDispose]: () => close({ tcp, udp, open }) };
}

function serveConnection(socket: Socket, answer: DnsServerOptions["answer"]): void {
  socket.setTimeout(idleMs, () => socket.destroy());
  socket.on("error", () => socket.destroy());
  let received = new Uint8Array();
  socket.on("data", (chunk: Uint8Array) => {
    const joined = new Uint8Array(received.length + chunk.length);
    joined.set(received);
    joined.set(chunk, received.length);
    received = joined;
    for (let query = take(); query; query = take()) void reply(query);
  });
  const take = (): Uint8Array | undefined => {
    const length = received.length < 2 ? Infinity : received[0]! * 256 + received[1]!;
    if (received.length < length + 2) return undefined;
    const query = received.slice(2, length + 2);
    received = received.slice(length + 2);
    return query;
  };
  const reply = async (query: Uint8Array) => {
    const bytes = await answer(query, "tcp");
    if (!bytes || socket.destroyed) return;
    const framed = new Uint8Array(bytes.length + 2);
    framed.set([bytes.length >> 8, bytes.length & 255]);
    framed.set(bytes, 2);
    socket.write(framed);
  };
}

async function close({ tcp, udp, open }: { tcp: Server; udp: UdpSocket; open: Set<Socket> }): Promise<void> {
  const closed = once(tcp, "close");
  tcp.close();
  udp.close();
  for (const socket of open) socket.destroy();
  await closed;
}
