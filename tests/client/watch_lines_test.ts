import assert from "node:assert/strict";
import fc from "fast-check";
import { refusal } from "../../runtime/client/answer.ts";
import { watchEvents } from "../../runtime/client/watch_lines.ts";
import type { WatchEvent } from "../../runtime/loop/mod.ts";
import { ConfigMap, isReason } from "../../runtime/schema/mod.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

async function* pieces(whole: Uint8Array, cuts: readonly number[]): AsyncIterable<Uint8Array> {
  const ends = [...cuts.map((cut) => cut % (whole.length + 1)), whole.length].sort((a, b) => a - b);
  let from = 0;
  for (const end of ends) {
    yield whole.subarray(from, end);
    from = end;
  }
}

async function read(chunks: AsyncIterable<Uint8Array>): Promise<WatchEvent<unknown>[]> {
  const events: WatchEvent<unknown>[] = [];
  for await (const event of watchEvents(chunks, ConfigMap)) events.push(event);
  return events;
}

Deno.test("a watch is read the same however its bytes are cut, also inside a character", async () => {
  const names = fc.array(fc.string({ unit: "grapheme" }), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(names, fc.array(fc.nat(2000), { maxLength: 12 }), async (names, cuts) => {
      const sent = names.map((name) => ({ type: "ADDED", object: { metadata: { name } } }));
      const whole = bytes(sent.map((event) => JSON.stringify(event) + "\n").join(""));
      assert.deepEqual(await read(pieces(whole, cuts)), sent);
    }),
    { seed: 2 },
  );
});

Deno.test("a bookmark is its version, and an ERROR event is thrown as the Status it carries", async () => {
  const bookmark = '{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"7"}}}\n';
  assert.deepEqual(await read(pieces(bytes(bookmark), [])), [{ type: "BOOKMARK", resourceVersion: "7" }]);
  const status = { kind: "Status", code: 410, reason: "Expired", message: "too old resource version" };
  const error = bytes(JSON.stringify({ type: "ERROR", object: status }) + "\n");
  await assert.rejects(read(pieces(error, [3])), (error) => isReason(error, "Expired") && error.code === 410);
});

Deno.test("a refusal that no API server wrote still says its code and its text", () => {
  const error = refusal(503, "<html>upstream is down</html>");
  assert.deepEqual([error.reason, error.code], ["ServiceUnavailable", 503]);
  assert.match(error.message, /503.*upstream is down/);
  assert.equal(refusal(404, '{"kind":"Status","reason":"NotFound","message":"m"}').message, "m");
});
