import assert from "node:assert/strict";
import { apiWorld, maps } from "./api_world.ts";

Deno.test("a body that is wrong in many places is told of some of them, in few characters", async () => {
  await using world = await apiWorld();
  const unknown = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`field${i}`, i]));
  const few = await world.call("POST", maps, { metadata: { name: "few" }, ...unknown(2) });
  assert.equal(few.headers.get("warning"), '299 - "unknown field \\"field0\\"", 299 - "unknown field \\"field1\\""');
  const many = await world.call("POST", maps, { metadata: { name: "many" }, ...unknown(100_000) });
  assert.equal(many.status, 201);
  const told = many.headers.get("warning")!.split("299 - ").slice(1).map((text) => text.replace(/, $/, ""));
  assert.equal(told[0], '"unknown field \\"field0\\""');
  const characters = told.map((text) => JSON.parse(text).length as number);
  const sum = characters.reduce((total, length) => total + length, 0);
  assert.ok(sum <= 4096 && sum > 4000, `${sum}`);
});
