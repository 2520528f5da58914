/** Docker's streams. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { frames, jsonLines } from "../../runtime/engine/docker/frames.ts";
import { splitReference } from "../../runtime/engine/docker/pull.ts";

const chunk = fc.record({
  stream: fc.constantFrom("stdout", "stderr"),
  text: fc.string({ minLength: 1, maxLength: 40 }),
});

/** The bytes as docker sends them, cut at any places. */
async function* cut(bytes: Uint8Array, sizes: readonly number[]): AsyncIterable<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length]!;
    yield bytes.slice(at, at + size);
    at += size;
  }
}

function encode(stream: string, text: string): number[] {
  const body = new TextEncoder().encode(text);
  return [stream === "stderr" ? 2 : 1, 0, 0, 0, 0, 0, body.length >> 8, body.length & 255, ...body];
}

Deno.test("frames cut anywhere give every stream its bytes in order", async () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(fc.array(chunk), sizes, async (chunks, cuts) => {
      const bytes = Uint8Array.from(chunks.flatMap(({ stream, text }) => encode(stream, text)));
      const seen: Record<string, number[]> = { stdout: [], stderr: [] };
      for await (const { stream, bytes: part } of frames(cut(bytes, cuts))) seen[stream]!.push(...part);
      for (const name of ["stdout", "stderr"]) {
        const wanted = chunks.filter(({ stream }) => stream === name).map(({ text }) => text).join("");
        assert.deepEqual(seen[name], [...new TextEncoder().encode(wanted)]);
      }
    }),
    { seed: 3, numRuns: 60 },
  );
});

Deno.test("JSON lines cut anywhere are whole values", async () => {
  const bytes = new TextEncoder().encode('{"a":"ä"}\n{"b":2}\n{"c":3}');
  assert.deepEqual(await Array.fromAsync(jsonLines(cut(bytes, [3, 1]))), [{ a: "ä" }, { b: 2 }, { c: 3 }]);
});

Deno.test("an image reference is split at its tag, never at a registry's port", () => {
  assert.deepEqual(splitReference("busybox"), { fromImage: "busybox", tag: "latest" });
  assert.deepEqual(splitReference("r.io:5000/a/b:1"), { fromImage: "r.io:5000/a/b", tag: "1" });
  assert.deepEqual(splitReference("r.io:5000/a"), { fromImage: "r.io:5000/a", tag: "latest" });
  assert.deepEqual(splitReference("a@sha256:00"), { fromImage: "a@sha256:00" });
});
