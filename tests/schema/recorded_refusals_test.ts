/**
 * `recorded_refusals.jsonl`: rows of path, object, and what kube-apiserver v1.36.3 said of it, word for word. Each object is a good
 * one with a single fault.
 */
import assert from "node:assert/strict";
import { apiWorld } from "../api/api_world.ts";

type Fact = readonly [path: string, object: object, message: string];

Deno.test("objects with one fault are refused in kube-apiserver 1.36.3's words", async () => {
  await using world = await apiWorld();
  const facts = await Deno.readTextFile(new URL("recorded_refusals.jsonl", import.meta.url));
  for (const line of facts.trimEnd().split("\n")) {
    const [path, object, message]: Fact = JSON.parse(line);
    const { status, body } = await world.call("POST", `${path}?dryRun=All`, object);
    assert.deepEqual({ status, message: body.message }, { status: 422, message }, `${path} ${JSON.stringify(object)}`);
  }
});
