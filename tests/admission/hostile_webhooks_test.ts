/** Webhooks that answer wrongly, with too much, or about something else: none of them opens a gate, or changes what it may not. */
import assert from "node:assert/strict";
import { apiWorld } from "../api/api_world.ts";
import { configuration, jsonPatch, webhookServer } from "./webhook_server.ts";

const configurations = "/apis/admissionregistration.k8s.io/v1";
const maps = "/api/v1/namespaces/default/configmaps";

const answers: Record<string, object> = {
  "says nothing": { allowed: undefined },
  "says yes as a text": { allowed: "true" },
  "answers about another request": { allowed: true, uid: "another" },
  "answers with 10 MB": { allowed: true, warnings: ["x".repeat(10 * 1024 * 1024)] },
  "patches with what is no patch": { allowed: true, patchType: "JSONPatch", patch: btoa("nonsense") },
  "patches what is not there": jsonPatch([{ op: "remove", path: "/data/absent" }]),
  "patches in a way that nobody knows": { allowed: true, patchType: "Merge", patch: btoa("{}") },
  "makes it something else": jsonPatch([{ op: "replace", path: "/kind", value: "Secret" }]),
  "makes it one of another version": jsonPatch([{ op: "replace", path: "/apiVersion", value: "v2" }]),
  "takes its kind away": jsonPatch([{ op: "remove", path: "/kind" }]),
};

Deno.test("a mutating webhook that answers wrongly stops what it guards", async (t) => {
  for (const [name, said] of Object.entries(answers)) {
    await t.step(name, async () => {
      await using world = await apiWorld();
      await using hook = await webhookServer(() => said);
      const made = await world.call(
        "POST",
        `${configurations}/mutatingwebhookconfigurations`,
        configuration("Mutating", hook),
      );
      assert.equal(made.status, 201);
      const { status, body } = await world.call("POST", maps, { metadata: { name: "a" }, data: { x: "1" } });
      assert.ok(status >= 400, `${status}: ${JSON.stringify(body).slice(0, 500)}`);
      assert.equal((await world.call("GET", `${maps}/a`)).status, 404);
    });
  }
});
