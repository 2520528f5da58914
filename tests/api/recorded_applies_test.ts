/**
 * `recorded_applies.jsonl`: what kube-apiserver v1.36.3 answered to sequences of writes that are about who owns what: label of
 * the sequence, method, path, content type, body, and what was answered: status, and the message of a Status or the beginning
 * of a hash over the object (keys and managers sorted; uids, times and resourceVersions masked), with a Warning if there was
 * one. `null`:
 * the answer is not compared (what differs is no question of ownership).
 */
import assert from "node:assert/strict";
import { type ApiWorld, apiWorld } from "./api_world.ts";

type Told = readonly [status: number, told: string, warning?: string];
type Step = readonly [
  sequence: string,
  method: string,
  path: string,
  contentType: string | null,
  body: unknown,
  told: Told | null,
];

interface Entry {
  readonly time?: string;
}

const text = await Deno.readTextFile(new URL("recorded_applies.jsonl", import.meta.url));
const steps: readonly Step[] = text.trimEnd().split("\n").map((line) => JSON.parse(line));

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).sort().map(([key, inner]) => [key, sorted(inner)]));
}

function masked(text: string): string {
  return text.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "UID")
    .replace(/20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, "T")
    .replace(/"resourceVersion":"\d+"/g, "RV");
}

/** Which of two managers comes first is a matter of seconds, so they are compared in the order of their texts. */
function comparable(object: { readonly metadata?: { readonly managedFields?: readonly Entry[] } }): unknown {
  const entries = object.metadata?.managedFields;
  if (!entries) return object;
  const managedFields = entries.map((entry) => JSON.stringify(sorted({ ...entry, time: entry.time && "T" }))).sort();
  return { ...object, metadata: { ...object.metadata, managedFields } };
}

async function hashOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return `#${new Uint8Array(digest).subarray(0, 6).toHex()}`;
}

async function answered(world: ApiWorld, [, method, path, contentType, body]: Step): Promise<[Told, string]> {
  const type = contentType ?? "application/json";
  const answer = await world.call(method, path, body ?? undefined, { "content-type": type });
  const shown = masked(JSON.stringify(sorted(comparable(answer.body))));
  const told = answer.status >= 400 ? answer.body.message : await hashOf(shown);
  const warning = answer.headers.get("warning");
  return [warning ? [answer.status, told, warning] : [answer.status, told], shown];
}

/** A new kind is served a moment after its definition. */
async function defineFoos(world: ApiWorld): Promise<void> {
  const definition = await Deno.readTextFile(new URL("recorded_applies_crd.json", import.meta.url));
  await world.call("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition);
  const foos = "/apis/facts.example.com/v1/namespaces/default/foos?watch=true";
  while ((await world.call("GET", foos.split("?")[0]!)).status !== 200) {
    await new Promise((soon) => setTimeout(soon, 10));
  }
}

for (const [sequence, all] of Map.groupBy(steps, ([sequence]) => sequence)) {
  Deno.test(`fields are owned, merged and refused as kube-apiserver 1.36.3 does it: ${sequence}`, async () => {
    await using world = await apiWorld();
    if (sequence === "crd") await defineFoos(world);
    for (const step of all) {
      const [told, shown] = await answered(world, step);
      if (step[5]) assert.deepEqual(told, step[5], `${JSON.stringify(step)}\n${shown}`);
    }
  });
}
