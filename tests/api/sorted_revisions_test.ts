import assert from "node:assert/strict";
import fc from "fast-check";
import { ObjectRevision } from "../../runtime/api/cache/mod.ts";
import { SortedRevisions } from "../../runtime/api/cache/sorted_revisions.ts";

const bytes = new TextEncoder().encode("{}");
/** Of a write or a deletion of one of some keys, or a look at all. */
const step = fc.record({
  key: fc.integer({ min: 0, max: 2000 }),
  act: fc.constantFrom("set", "set", "set", "delete", "look"),
  times: fc.integer({ min: 1, max: 60 }),
});

Deno.test("present objects are in key order whenever somebody looks, and what was handed out never changes", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const sorted = new SortedRevisions();
      const naive = new Map<string, ObjectRevision>();
      const seen: { readonly snapshot: readonly ObjectRevision[]; readonly then: readonly ObjectRevision[] }[] = [];
      let revision = 0;
      for (const { key, act, times } of steps) {
        for (let i = 0; i < times && act !== "look"; i++) {
          const path = `ns/${(key + i * 7919) % 2000}`;
          const made = new ObjectRevision(path, ++revision, bytes);
          if (act === "set") sorted.set(made), naive.set(path, made);
          else sorted.delete(path), naive.delete(path);
        }
        if (act !== "look") continue;
        const snapshot = sorted.snapshot();
        seen.push({ snapshot, then: [...snapshot] });
        assert.deepEqual(snapshot, [...naive.values()].sort((a, b) => a.path < b.path ? -1 : 1));
        assert.equal(sorted.size, naive.size);
      }
      for (const { snapshot, then } of seen) assert.ok(snapshot.every((one, at) => one === then[at]));
    }),
    { seed: 7, numRuns: 60 },
  );
});
