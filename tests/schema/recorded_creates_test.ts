/**
 * `recorded_creates.jsonl`: what kube-apiserver v1.36.3 answered to creates. A row of a kind (`path`, a `good` object, the `answer` to
 * it) is followed by rows of changes to the good object: the place that was changed, what was said, and the new value (none: the
 * place was taken out). Said was a message, or, of what was accepted, in what the answer differs from that to the good
 * object. The first row has what stands for the words that are said often.
 */
import assert from "node:assert/strict";
import { usualPlugins } from "../../runtime/api/admission/choice.ts";
import { type Answer, apiWorld } from "../api/api_world.ts";

type Leaves = Record<string, unknown>;
type Change = readonly [place: string, said: string | Leaves, value?: unknown];

interface Kind {
  readonly path: string;
  readonly good: object;
  /** Absent: not recorded. */
  readonly answer?: Leaves;
}

function changed(good: object, place: string, value: unknown): object {
  if (place === "") return value as object;
  const object = structuredClone(good);
  const steps = place.split(".");
  const last = steps.pop()!;
  const holder = steps.reduce<Leaves>((at, step) => (at[step] ??= {}) as Leaves, object as Leaves);
  if (value === undefined) delete holder[last];
  else holder[last] = value;
  return object;
}

/** `{ "spec.ports.0.port": 80 }`: what is not a collection with something in it, by its place. */
function leavesOf(value: unknown, place = ""): Leaves {
  if (typeof value !== "object" || value === null || Object.keys(value).length === 0) return { [place]: value };
  const inner = Object.entries(value).map(([step, one]) => leavesOf(one, place ? `${place}.${step}` : step));
  return Object.assign({}, ...inner);
}

/** Null: gone. */
function differences(from: Leaves, to: Leaves): Leaves {
  const places = new Set([...Object.keys(from), ...Object.keys(to)]);
  const differing = [...places].filter((place) => JSON.stringify(from[place]) !== JSON.stringify(to[place])).sort();
  return Object.fromEntries(differing.map((place) => [place, to[place] ?? null]));
}

/** Without what is another each time: ids, times, addresses that were chosen. */
function steady(text: string): string {
  return text.replace(/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f-]{21}/g, "UUID").replace(/10\.96\.\d+\.\d+/g, "IP")
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, "TIME");
}

function accepted({ status, body }: Answer): Leaves | undefined {
  if (status !== 201) return undefined;
  const { managedFields: _m, uid: _u, creationTimestamp: _c, ...metadata } = body.metadata;
  return leavesOf(JSON.parse(steady(JSON.stringify({ ...body, metadata }))));
}

Deno.test("good, odd and bad objects are answered as kube-apiserver 1.36.3 answers them", async () => {
  const on = new Set(usualPlugins);
  on.delete("ServiceAccount");
  await using world = await apiWorld({ admission: { on, settings: {} } });
  const create = ({ path }: Kind, object: object) => world.call("POST", `${path}?dryRun=All`, object);
  const lines = (await Deno.readTextFile(new URL("recorded_creates.jsonl", import.meta.url))).trimEnd().split("\n");
  const words = Object.entries(JSON.parse(lines[0]!) as Record<string, string>);
  let kind: Kind | undefined;
  for (const line of lines.slice(1)) {
    const row: Kind | Change = JSON.parse(line);
    if ("path" in row) {
      kind = row;
      if (!kind.answer) continue;
      assert.deepEqual(accepted(await create(kind, kind.good)), kind.answer, `good: ${kind.path}`);
      continue;
    }
    const [place, said, value] = row;
    const answer = await create(kind!, changed(kind!.good, place, value));
    const leaves = accepted(answer);
    const got = leaves ? differences(kind!.answer ?? {}, leaves) : steady(answer.body.message);
    const expected = typeof said === "string"
      ? words.reduce((text, [mark, word]) => text.replaceAll(mark, word), said)
      : said;
    assert.deepEqual(got, expected, `${kind!.path} ${place} ${JSON.stringify(value)}`);
  }
});
