/**
 * `recorded_specs.jsonl`: what kube-apiserver v1.36.3 makes of a custom resource of `recorded_definition.json`, a spec a line:
 * the spec that it keeps, or the message with which it refuses.
 */
import assert from "node:assert/strict";
import { apiWorld } from "../api/api_world.ts";
import { type Any, define } from "./definitions.ts";

const read = (name: string) => Deno.readTextFile(new URL(name, import.meta.url));

Deno.test("custom resources are kept and refused as kube-apiserver 1.36.3 keeps and refuses them", async () => {
  await using world = await apiWorld();
  await define(world, JSON.parse(await read("recorded_definition.json")));
  const path = "/apis/example.com/v1/namespaces/default/alphas?dryRun=All";
  for (const line of (await read("recorded_specs.jsonl")).trimEnd().split("\n")) {
    const [spec, expected]: [Any, Any] = JSON.parse(line);
    const answer = await world.call("POST", path, {
      apiVersion: "example.com/v1",
      kind: "Alpha",
      metadata: { name: "x" },
      spec,
    });
    assert.deepEqual(answer.status === 201 ? answer.body.spec : answer.body.message, expected, line);
  }
});
