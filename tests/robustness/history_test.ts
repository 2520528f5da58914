/** The judge of the readers is itself shown each crime once. */
import assert from "node:assert/strict";
import { type Attempt, breaches, type Change, type Observations } from "./history.ts";

const truth: Change[] = [
  { revision: 3, key: "a", mark: "1" },
  { revision: 5, key: "b", mark: "2" },
  { revision: 6, key: "a" },
  { revision: 9, key: "b", mark: "3" },
];

const attempts: Attempt[] = truth.map(({ revision, key, mark }) =>
  mark === undefined ? { key, outcome: "done" } : { key, mark, outcome: "done", revision }
);

const honest: Observations = {
  attempts,
  spans: [{ watcher: "w", from: 3, to: 9, seen: truth.slice(1) }],
  lists: [{ revision: 7, items: new Map([["b", "2"]]) }],
};

const span = (seen: Change[]): Observations => ({ ...honest, spans: [{ watcher: "w", from: 3, to: 9, seen }] });

const crimes: Record<string, { observed: Observations; truth?: Change[]; breach: RegExp }> = {
  "a skipped change": { observed: span([truth[1]!, truth[3]!]), breach: /change 1 is b@9 3 and should be a@6 deleted/ },
  "a repeated change": {
    observed: span([truth[1]!, ...truth.slice(1)]),
    breach: /change 1 is b@5 2 and should be a@6/,
  },
  "a step back": { observed: span([truth[2]!, truth[1]!, truth[3]!]), breach: /change 0 is a@6 deleted/ },
  "a change too many": {
    observed: span([...truth.slice(1), truth[3]!]),
    breach: /change 3 is b@9 3 and should be missing/,
  },
  "a lost write": { observed: honest, truth: truth.slice(0, 3), breach: /3 of b was acknowledged at 9, and is lost/ },
  "a write that nobody asked for": {
    observed: { ...honest, attempts: attempts.slice(1) },
    breach: /a changed at 3 and/,
  },
  "a lost deletion": {
    observed: { ...honest, attempts: [...attempts, { key: "b", outcome: "done" }] },
    breach: /b: 0 deletions, 1 to 1/,
  },
  "a list of the past": {
    observed: { ...honest, lists: [{ revision: 7, items: new Map([["a", "1"], ["b", "2"]]) }] },
    breach: /the list at 7 has 1 for a and should have undefined/,
  },
};

Deno.test("an honest history has no breach", () => assert.deepEqual(breaches(truth, honest), []));

for (const [crime, { observed, truth: other = truth, breach }] of Object.entries(crimes)) {
  Deno.test(`${crime} is told`, () => assert.match(breaches(other, observed).join("\n"), breach));
}
