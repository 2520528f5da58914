/** Takes a connection over as a WebSocket that speaks a protocol both ends know. */
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { RequestError } from "../request_error.ts";
import type { Upgrade } from "./upgrade_request.ts";

const connections = new WeakMap<WebSocket, Duplex>();

/**
 * Says goodbye and ends the connection, without waiting for the client's goodbye: a client that watches its connection
 * and not its TLS buffer (Python's) learns of the end only so.
 */
export function hangUp(socket: WebSocket): void {
  socket.close(1000);
  connections.get(socket)?.end();
}

/** `supported`: best first. Throws a RequestError when the client offers none of them. */
export function openWebSocket({ request, socket, head }: Upgrade, supported: readonly string[]): Promise<WebSocket> {
  const offered = (request.headers["sec-websocket-protocol"] ?? "").split(",").map((one) => one.trim());
  const chosen = supported.find((protocol) => offered.includes(protocol));
  if (chosen === undefined) {
    throw new RequestError(
      400,
      `none of the subprotocols [${offered.join(" ")}] is supported: [${supported.join(" ")}]`,
    );
  }
  const server = new WebSocketServer({ noServer: true, handleProtocols: () => chosen, perMessageDeflate: false });
  return new Promise((resolve) =>
    server.handleUpgrade(request, socket, head as never, (open: WebSocket) => {
      connections.set(open, socket);
      resolve(open);
    })
  );
}
