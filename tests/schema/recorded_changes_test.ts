/**
 * `recorded_changes.jsonl`: an object a row, and what kube-apiserver v1.36.3 said, word for word, of what was put in its place: one
 * value set (`null` and no value are told apart) at a place of the object as it was stored, at the object itself or at its status.
 */
import assert from "node:assert/strict";
import { pluginsOn } from "../../runtime/api/admission/choice.ts";
import { apiWorld } from "../api/api_world.ts";

type Change = readonly [place: string, value: unknown, code: number, message: string, isGone?: true];

interface Row {
  readonly path: string;
  readonly object: { readonly metadata: { readonly name: string } };
  readonly sub: string;
  readonly changes: readonly Change[];
}

Deno.test("changes are refused in kube-apiserver 1.36.3's words", async () => {
  await using world = await apiWorld({ admission: { on: pluginsOn({ disable: ["ServiceAccount"] }), settings: {} } });
  await world.call("POST", "/api/v1/namespaces", { metadata: { name: "team" } });
  const rows = await Deno.readTextFile(new URL("recorded_changes.jsonl", import.meta.url));
  for (const line of rows.trimEnd().split("\n")) {
    const { path, object, sub, changes }: Row = JSON.parse(line);
    const url = `${path}/${object.metadata.name}`;
    assert.equal((await world.call("POST", path, object)).status, 201, url);
    for (const [place, value, code, message, isGone] of changes) {
      const { body: stored } = await world.call("GET", url);
      const wanted = changed(stored, place, isGone ? undefined : value);
      const { status, body } = await world.call("PUT", `${url}${sub}?dryRun=All`, wanted);
      assert.deepEqual({ status, message: body.message }, { status: code, message }, `${url}${sub} ${place}=${value}`);
    }
    await world.call("DELETE", `${url}?gracePeriodSeconds=0&propagationPolicy=Background`);
    const free = { "content-type": "application/merge-patch+json" };
    await world.call("PATCH", url, { metadata: { finalizers: null } }, free);
  }
});

type Holder = Record<string, unknown>;

/** `spec.ports.0.name`; without a value the field or item goes. */
function changed(object: object, place: string, value: unknown): unknown {
  const copy = structuredClone(object);
  const steps = place.split(".");
  const last = steps.pop()!;
  const holder = steps.reduce<Holder>((at, step) => (at[step] ??= {}) as Holder, copy as Holder);
  if (value !== undefined) holder[last] = value;
  else if (Array.isArray(holder)) holder.splice(Number(last), 1);
  else delete holder[last];
  return copy;
}
