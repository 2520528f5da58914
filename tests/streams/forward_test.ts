/** Requests that the API server sends on to pods, services and nodes, and backends that do not answer. */
import assert from "node:assert/strict";
import { connect, createServer, type Socket } from "node:net";
import { once } from "node:events";
import { forward } from "../../runtime/api/streams/forward.ts";
import { tunnel } from "../../runtime/api/streams/tunnel.ts";

/** A connection to a backend of these manners. */
async function backend(serve: (socket: Socket) => void): Promise<{ socket: Socket } & AsyncDisposable> {
  const server = createServer((socket) => serve(socket.on("error", () => {}))).listen(0, "127.0.0.1");
  await once(server, "listening");
  const socket = connect((server.address() as { port: number }).port, "127.0.0.1");
  await once(socket, "connect");
  return {
    socket,
    async [Symbol.asyncDispose]() {
      socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

function sent(socket: Socket): Promise<Response> {
  const destination = { connect: () => Promise.resolve(socket), path: "/", host: "pod" };
  return forward({ request: new Request("https://api/x"), connection: {} as never }, destination);
}

Deno.test("a backend that hangs up before it answers is unavailable, whenever it does", async () => {
  await using later = await backend((socket) => void socket.once("data", () => socket.destroy()));
  await assert.rejects(sent(later.socket), /^StatusError: error trying to reach service/);
  await using before = await backend((socket) => void socket.destroy());
  const closed = once(before.socket, "close");
  before.socket.resume();
  await closed;
  await assert.rejects(sent(before.socket), /error trying to reach service: EOF/);
});

Deno.test("an answer without a length ends with its connection", async () => {
  await using plain = await backend((socket) =>
    void socket.once("data", () => socket.end("HTTP/1.0 200 OK\r\nx-a: b\r\n\r\nhello"))
  );
  const answer = await sent(plain.socket);
  assert.deepEqual([answer.status, answer.headers.get("x-a"), await answer.text()], [200, "b", "hello"]);
});

Deno.test("an upgraded connection that is cut in the middle of an answer takes its other end with it", async () => {
  const ended = Promise.withResolvers<void>();
  await using flood = await backend((socket) => {
    const more = () => {
      while (!socket.destroyed && socket.write(new Uint8Array(65536)));
    };
    socket.on("drain", more).on("close", ended.resolve).resume();
    more();
  });
  const carried = Promise.withResolvers<Socket>();
  const over = Promise.withResolvers<void>();
  await using client = await backend((socket) => {
    const incoming = { method: "GET", rawHeaders: [] } as never;
    const destination = { connect: () => Promise.resolve(flood.socket), path: "/", host: "pod" };
    carried.resolve(socket);
    tunnel({ incoming, socket, head: new Uint8Array() }, destination, () => {}).then(over.resolve);
  });
  await once(client.socket, "data");
  client.socket.pause();
  (await carried.promise).destroy();
  await Promise.all([over.promise, ended.promise]);
});
