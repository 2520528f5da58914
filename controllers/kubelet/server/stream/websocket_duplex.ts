/** A WebSocket as a plain byte stream: SPDY is tunnelled through it (KEP-4006, port-forward). */
import { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import { hangUp } from "./open_websocket.ts";

export function websocketDuplex(socket: WebSocket): Duplex {
  const duplex = new Duplex({
    read: () => socket.resume(),
    write: (chunk: Uint8Array, _encoding, done) => socket.send(chunk, (error?: Error) => done(error ?? null)),
    final(done) {
      hangUp(socket);
      done();
    },
    destroy(error, done) {
      socket.terminate();
      done(error);
    },
  });
  socket.on("message", (data: Uint8Array) => {
    if (!duplex.push(data)) socket.pause();
  });
  socket.on("close", () => duplex.push(null));
  socket.on("error", () => duplex.destroy());
  return duplex;
}
