/**
 * A registry of one image: `deno run registry.ts FOLDER`, where FOLDER is what `docker save` wrote, unpacked. On port 5000 of
 * 127.0.0.1 it wants the user `me` with the password `secret`, on port 5001 nothing. It prints `up`.
 *
 * Source: the distribution project's HTTP API V2, pulls.
 */
import { createHash } from "node:crypto";

const [folder = ""] = Deno.args;
const [{ Config, Layers }] = JSON.parse(await Deno.readTextFile(`${folder}/manifest.json`)) as [
  { Config: string; Layers: string[] },
];
// Another image than the one that was saved.
const saved = { ...JSON.parse(await Deno.readTextFile(`${folder}/${Config}`)), author: "the registry" };
const config = new TextEncoder().encode(JSON.stringify(saved));
const packed = (await Deno.open(`${folder}/${Layers[0]}`)).readable.pipeThrough(new CompressionStream("gzip"));
const layer = new Uint8Array(await new Response(packed).arrayBuffer());
const digestOf = (bytes: Uint8Array) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
const blob = (mediaType: string, bytes: Uint8Array) => ({ mediaType, size: bytes.length, digest: digestOf(bytes) });
const type = "application/vnd.docker.distribution.manifest.v2+json";
const manifest = new TextEncoder().encode(JSON.stringify({
  schemaVersion: 2,
  mediaType: type,
  config: blob("application/vnd.docker.container.image.v1+json", config),
  layers: [blob("application/vnd.docker.image.rootfs.diff.tar.gzip", layer)],
}));
const blobs = new Map([config, layer, manifest].map((bytes) => [digestOf(bytes), bytes]));
const allowed = `Basic ${btoa("me:secret")}`;

function answer(request: Request, mustLogIn: boolean): Response {
  const { pathname } = new URL(request.url);
  if (mustLogIn && request.headers.get("authorization") !== allowed) {
    return new Response("{}", { status: 401, headers: { "www-authenticate": 'Basic realm="test"' } });
  }
  const what = pathname.split("/").at(-1)!;
  const bytes = pathname.includes("/manifests/") && !blobs.has(what) ? manifest : blobs.get(what);
  if (pathname === "/v2/") return new Response("{}");
  if (!bytes) return new Response("{}", { status: 404 });
  const headers = { "content-type": bytes === manifest ? type : "application/octet-stream" };
  return new Response(request.method === "HEAD" ? null : bytes, {
    headers: { ...headers, "docker-content-digest": digestOf(bytes), "content-length": String(bytes.length) },
  });
}

const at = (port: number) => ({ hostname: "127.0.0.1", port, onListen() {} });
Deno.serve(at(5001), (request) => answer(request, false));
Deno.serve({ ...at(5000), onListen: () => console.log("up") }, (request) => answer(request, true));
