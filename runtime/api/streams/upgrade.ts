/** A request to speak another protocol on its connection: what came, and how it is refused. */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { StatusError } from "../../schema/mod.ts";

export interface Upgrade {
  readonly incoming: IncomingMessage;
  readonly socket: Duplex;
  /** What the client sent after its request. */
  readonly head: Uint8Array;
}

/** An upgrade that cannot be: answered on the raw socket. */
export function refuseUpgrade(socket: Duplex, error: StatusError): void {
  const status = error.toStatus();
  const body = JSON.stringify(status);
  const reason = status.reason || "Error";
  socket.end(
    `HTTP/1.1 ${status.code} ${reason}\r\ncontent-type: application/json\r\nconnection: close\r\n` +
      `content-length: ${new TextEncoder().encode(body).length}\r\n\r\n${body}`,
  );
}
