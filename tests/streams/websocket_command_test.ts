/** The channels of a command over WebSocket, on a real socket. */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer } from "ws";
import { websocketCommand } from "../../controllers/kubelet/server/stream/websocket_command.ts";

Deno.test("of a command over WebSocket only the streams are sent that were asked for, sizes and the end besides", async () => {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", handleProtocols: () => "v4.channel.k8s.io" });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const client = new WebSocket(`ws://127.0.0.1:${port}`, "v4.channel.k8s.io");
  const said: string[] = [];
  client.on("message", (data: Uint8Array) => said.push(`${data[0]} ${new TextDecoder().decode(data.subarray(1))}`));
  const ended = once(client, "close");
  const [socket] = await once(server, "connection") as [WebSocket];
  const command = websocketCommand(socket, { stdin: false, stdout: true, stderr: false });
  if (client.readyState !== WebSocket.OPEN) await once(client, "open");
  const size = command.sizes[Symbol.asyncIterator]().next();
  client.send(Uint8Array.of(4, ...new TextEncoder().encode('{"Width":80,"Height":24}')));
  assert.deepEqual((await size).value, { columns: 80, rows: 24 });
  await command.write("stdout", new TextEncoder().encode("out"));
  await command.write("stderr", new TextEncoder().encode("err"));
  await command.finish({ metadata: {}, status: "Success" });
  await ended;
  assert.deepEqual(said, ["1 out", '3 {"metadata":{},"status":"Success"}']);
  await new Promise((closed) => server.close(closed));
});
