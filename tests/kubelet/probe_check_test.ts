/** Probes by HTTP and gRPC, asked of real servers. */
import assert from "node:assert/strict";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { check } from "../../controllers/kubelet/probes/check.ts";
import type { Probe } from "../../controllers/kubelet/pod/pod.ts";

const container = { name: "c", image: "i" };
const ask = (probe: Probe) =>
  check(probe, { engine: undefined as never, containerId: "", container, podIp: "127.0.0.1" }, 5000);

Deno.test("an HTTP probe follows redirects of the same host only, and sends the headers that it is told to", async () => {
  const seen: Headers[] = [];
  const away = () => Response.redirect(`http://localhost:${server.addr.port}/broken`, 302);
  const pages: Record<string, () => Response> = {
    "/well": () => new Response(null, { status: 204 }),
    "/broken": () => new Response("no", { status: 503 }),
    "/to-well": () => new Response("", { status: 307, headers: { location: "/well" } }),
    "/to-broken": () => new Response("", { status: 301, headers: { location: "/broken" } }),
    "/loop": () => new Response("", { status: 302, headers: { location: "/loop" } }),
    "/unchanged": () => new Response(null, { status: 304 }),
    "/away": away,
  };
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    seen.push(request.headers);
    return pages[new URL(request.url).pathname]!();
  });
  const { port } = server.addr;
  const get = (path: string, rest: object = {}) => ask({ httpGet: { path, port, ...rest } });
  const broken = { ok: false, message: "HTTP probe failed with statuscode: 503" };
  assert.deepEqual(await get("/well"), { ok: true });
  assert.equal(seen.at(-1)!.get("user-agent"), "kube-probe/1.36");
  assert.equal(seen.at(-1)!.get("accept"), "*/*");
  assert.deepEqual(await get("/broken"), broken);
  assert.deepEqual(await get("/to-well"), { ok: true });
  assert.deepEqual(await get("/to-broken"), broken);
  const lost = await get("/loop");
  assert.deepEqual(lost, {
    ok: false,
    message: `Get "http://127.0.0.1:${port}/loop": stopped after 10 redirects`,
  });
  const before = seen.length;
  assert.deepEqual(await get("/away"), { ok: true, warning: "Probe terminated redirects, Response body: " });
  assert.equal(seen.length, before + 1, "the other host is not asked");
  assert.equal((await get("/unchanged")).ok, true);
  const httpHeaders = [
    { name: "X-Twice", value: "one" },
    { name: "x-twice", value: "two" },
    { name: "Host", value: "example.org" },
    { name: "User-Agent", value: "mine" },
    { name: "Accept", value: "" },
  ];
  assert.deepEqual(await get("/well", { httpHeaders }), { ok: true });
  const told = ["x-twice", "host", "user-agent", "accept"].map((name) => seen.at(-1)!.get(name));
  assert.deepEqual(told, ["one, two", "example.org", "mine", null]);
});

Deno.test("a gRPC probe tells a service that is not well, one that is not known, and a server without health", async () => {
  const long = "s".repeat(300);
  const answers: Record<string, { status?: number; code?: string; text?: string }> = {
    "": { status: 1 },
    [long]: { status: 1 },
    ill: { status: 2 },
    unknown: { code: "5", text: "unknown service" },
    healthless: { code: "12", text: "unknown method" },
  };
  const server = http2.createServer();
  server.on("stream", (stream: http2.ServerHttp2Stream) => {
    const chunks: Uint8Array[] = [];
    stream.on("data", (chunk: Uint8Array) => chunks.push(chunk));
    stream.on("end", () => {
      const frame = Uint8Array.from(chunks.flatMap((chunk) => [...chunk]));
      const { length } = frame.subarray(5);
      assert.equal(new DataView(frame.buffer).getUint32(1), length);
      const name = new TextDecoder().decode(frame.subarray(length === 0 ? 5 : length > 129 ? 8 : 7));
      const { status, code = "0", text = "" } = answers[name]!;
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": code, "grpc-message": text }));
      stream.end(status === undefined ? undefined : Uint8Array.of(0, 0, 0, 0, 2, 8, status));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const probe = (service?: string) => ask({ grpc: { port, service } });
  assert.deepEqual(await probe(), { ok: true });
  assert.deepEqual(await probe(long), { ok: true });
  assert.deepEqual(await probe("ill"), { ok: false, message: 'service unhealthy (responded with "NOT_SERVING")' });
  assert.deepEqual(await probe("unknown"), {
    ok: false,
    message: "error: health rpc probe failed: rpc error: code = NotFound desc = unknown service",
  });
  assert.deepEqual(await probe("healthless"), {
    ok: false,
    message: "error: this server does not implement the grpc health protocol (grpc.health.v1.Health): unknown method",
  });
  await new Promise<void>((resolve) => server.close(() => resolve()));
});
