import assert from "node:assert/strict";
import { grpcCall, grpcCode, GrpcError, grpcServe, grpcStream } from "../../runtime/client/grpc.ts";

async function served() {
  const folder = await Deno.makeTempDir({ prefix: "d8s-grpc-" });
  const socket = `${folder}/plugin.sock`;
  const ended = Promise.withResolvers<void>();
  const server = await grpcServe(socket, {
    "/t.Echo/One": async function* (message) {
      yield await Promise.resolve(message);
    },
    "/t.Echo/Refuse": async function* () {
      yield* [];
      throw await Promise.resolve(new GrpcError(grpcCode.notFound, "there is no such thing: ä"));
    },
    "/t.Echo/Forever": async function* (_message, signal) {
      yield Uint8Array.of(1);
      yield Uint8Array.of(2);
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
      ended.resolve();
    },
  });
  return {
    socket,
    ended: ended.promise,
    server,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

Deno.test("a call answers with the same bytes, however many, and its socket is the owner's alone", async () => {
  await using plugin = await served();
  const { socket } = plugin;
  for (const size of [0, 1, 70_000, 3_000_000]) {
    const message = new Uint8Array(size).map((_, index) => index % 251);
    const answer = await grpcCall({ socket, method: "/t.Echo/One", message }, 20_000);
    assert.ok(answer.length === size && answer.every((byte, index) => byte === message[index]));
  }
  assert.equal((await Deno.stat(socket)).mode! & 0o777, 0o600);
});

Deno.test("a refusal keeps its code and words; who has no such method, or is not there, is told so", async () => {
  await using plugin = await served();
  const call = (method: string, socket = plugin.socket) =>
    grpcCall({ socket, method, message: new Uint8Array(0) }, 20_000);
  await assert.rejects(call("/t.Echo/Refuse"), { code: grpcCode.notFound, message: "there is no such thing: ä" });
  await assert.rejects(call("/t.Echo/Other"), { code: grpcCode.unimplemented });
  await assert.rejects(call("/t.Echo/One", `${plugin.socket}.absent`), { code: grpcCode.unavailable });
});

Deno.test("a stream gives what comes when it comes; it ends with the reader's signal, and with the server", async () => {
  await using plugin = await served();
  const read = grpcStream({ socket: plugin.socket, method: "/t.Echo/Forever", message: new Uint8Array(0) });
  assert.deepEqual([(await read.next()).value![0], (await read.next()).value![0]], [1, 2]);
  const stop = new AbortController();
  const other = grpcStream({
    socket: plugin.socket,
    method: "/t.Echo/Forever",
    message: new Uint8Array(0),
    signal: stop.signal,
  });
  await other.next();
  await other.next();
  stop.abort();
  await assert.rejects(other.next(), { code: grpcCode.deadlineExceeded });
  await plugin.ended;
  const last = assert.rejects(read.next(), { code: grpcCode.unavailable });
  await plugin.server[Symbol.asyncDispose]();
  await last;
});
