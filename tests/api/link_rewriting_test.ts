import assert from "node:assert/strict";
import fc from "fast-check";
import { rewritingLinks, rewrittenTags } from "../../runtime/api/streams/link_rewriting.ts";

const place = { prefix: "/api/v1/namespaces/a/pods/b/proxy", hosts: ["10.0.0.1:80", "api:6443"] };

Deno.test("links of a proxied page lead back through the proxy; other hosts, relative links and text stay", () => {
  const cases: readonly (readonly [string, string])[] = [
    ['<a href="/x">/x</a>', `<a href="${place.prefix}/x">/x</a>`],
    ["<img alt=a src='/i.png'/>", `<img alt=a src='${place.prefix}/i.png'/>`],
    ["<form action=/go>", `<form action=${place.prefix}/go>`],
    ['<a href="http://10.0.0.1:80/y?z">', `<a href="${place.prefix}/y?z">`],
    [`<a href="${place.prefix}/x">`, `<a href="${place.prefix}/x">`],
    ['<a href="https://example.com/x">', '<a href="https://example.com/x">'],
    ['<a href="x/y">', '<a href="x/y">'],
    ['href="/x" 1 < 2', 'href="/x" 1 < 2'],
  ];
  for (const [page, wanted] of cases) assert.equal(rewrittenTags(page, place), wanted);
});

Deno.test("a page comes out the same however it is cut into chunks, and strange bytes stay", async () => {
  const page = Uint8Array.from([
    ...new TextEncoder().encode('<p>ä <a href="/x">1 < 2</a><img src="/y">'),
    ...[0xff, 0xfe, 0x00],
    ...new TextEncoder().encode("<a href="),
  ]);
  const whole = await through([page]);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: page.length }), { maxLength: 6 }), async (cuts) => {
      const at = [0, ...cuts.sort((a, b) => a - b), page.length];
      const chunks = at.slice(1).map((end, i) => page.slice(at[i], end));
      assert.deepEqual(await through(chunks), whole);
    }),
    { seed: 3, numRuns: 100 },
  );
});

async function through(chunks: readonly Uint8Array[]): Promise<Uint8Array> {
  const out = ReadableStream.from(chunks).pipeThrough(rewritingLinks(place));
  return new Uint8Array(await new Response(out as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer());
}
