/**
 * `recorded_methods.jsonl`: for the paths of each resource and subresource of kube-apiserver v1.36.3, the methods that it answers
 * there with 405, and those with 404 (no such path); all others are answered by the object's own rules.
 */
import assert from "node:assert/strict";
import { apiWorld } from "./api_world.ts";

type Fact = readonly [path: string, refused: readonly string[], unknown: readonly string[]];

const methods = ["GET", "POST", "PUT", "PATCH", "DELETE"];

Deno.test("every path takes the methods that it takes in kube-apiserver 1.36.3", async () => {
  await using world = await apiWorld();
  const text = await Deno.readTextFile(new URL("recorded_methods.jsonl", import.meta.url));
  const facts: readonly Fact[] = text.trimEnd().split("\n").map((line) => JSON.parse(line));
  for (const fact of facts) {
    const [path] = fact;
    const refused: string[] = [];
    const unknown: string[] = [];
    // A watch that is taken would go on; nothing is deleted by a label that nothing has.
    for (const method of methods.filter((method) => method !== "GET" || !path.includes("/watch/"))) {
      const query = method === "DELETE" ? "?dryRun=All&labelSelector=none%3Dnone" : "";
      const body = method.startsWith("P") ? "x" : undefined;
      const { status, body: said } = await world.call(method, path + query, body, { "content-type": "foo/bar" });
      if (status === 405) refused.push(method);
      if (status === 404 && !said.details?.name) unknown.push(method);
    }
    assert.deepEqual([path, refused, unknown], fact);
  }
});
