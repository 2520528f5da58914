/**
 * `recorded_answers.jsonl`: how kube-apiserver v1.36.3 refuses, a request a line: method, path, status, the Status' message (or
 * the text, where it is none), and what else was sent. The namespace `default` holds the ConfigMaps m0 to m4 and a Deployment d0.
 */
import assert from "node:assert/strict";
import { type ApiWorld, apiWorld, map, maps } from "./api_world.ts";

interface More {
  readonly headers?: Readonly<Record<string, string>>;
  readonly contentType?: string;
  readonly body?: unknown;
  /** The answer's media type, where it is not JSON; empty: it has none. */
  readonly answered?: string;
}

type Fact = readonly [method: string, path: string, status: number, told: string, more?: More];

async function facts(): Promise<readonly Fact[]> {
  const text = await Deno.readTextFile(new URL("recorded_answers.jsonl", import.meta.url));
  return text.trimEnd().split("\n").map((line) => JSON.parse(line));
}

async function recordedWorld(): Promise<ApiWorld> {
  const world = await apiWorld();
  for (let i = 0; i < 5; i++) await world.call("POST", maps, map(`m${i}`, { a: String(i) }, { i: String(i) }));
  const template = { metadata: { labels: { a: "b" } }, spec: { containers: [{ name: "a", image: "a" }] } };
  const spec = { replicas: 0, selector: { matchLabels: { a: "b" } }, template };
  await world.call("POST", "/apis/apps/v1/namespaces/default/deployments", { metadata: { name: "d0" }, spec });
  return world;
}

/** `""` as a content type, and `"-"` as an accepted one, stand for none. */
function requestOf([method, path, , , { headers = {}, contentType, body } = {}]: Fact): Request {
  const sent = new Headers({ accept: "application/json", ...headers });
  if (sent.get("accept") === "-") sent.delete("accept");
  const text = body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body);
  const bytes = text === undefined ? undefined : new TextEncoder().encode(text); // a text would bring a type along
  if (bytes && contentType !== "") sent.set("content-type", contentType ?? "application/json");
  return new Request(`https://api${path}`, { method, headers: sent, body: bytes });
}

Deno.test("what cannot be answered is refused as kube-apiserver 1.36.3 refuses it, in the same form", async () => {
  await using world = await recordedWorld();
  for (const fact of await facts()) {
    const [, , status, told, { answered = "application/json" } = {}] = fact;
    const response = await world.api.fetch(requestOf(fact));
    const text = await response.text();
    const type = response.headers.get("content-type")?.split(";")[0] ?? "";
    const said = type === "application/json" ? JSON.parse(text).message : text.trim();
    const expected = type === "application/yaml" ? said : told;
    assert.deepEqual([response.status, type, said], [status, answered, expected], JSON.stringify(fact));
  }
});
