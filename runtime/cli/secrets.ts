/** `d8s secrets`: under which keys the values of the store are, and their way to the key that writes now. */
import type { KeyUse } from "../store/encryption/mod.ts";
import { adminClient } from "./cluster_access.ts";
import { aligned } from "./readiness_table.ts";
import type { Settings } from "./settings.ts";

const path = "/d8s/encryption";
const states = {
  fresh: "",
  stale: "another key writes now: d8s secrets rotate",
  lost: "no key of the configuration opens it",
};

/** A line for each resource and key. */
export async function listKeyUse(settings: Settings): Promise<string[]> {
  using client = await adminClient(settings);
  const { uses } = await client.raw("GET", path) as unknown as { uses: KeyUse[] };
  if (uses.length === 0) return ["nothing is encrypted"];
  const rows = uses.map(({ resource, key, count, state }) => [resource, key, String(count), states[state]]);
  return aligned([["RESOURCE", "KEY", "OBJECTS", ""], ...rows.sort()]);
}

/** How many were written anew. */
export async function rotateKeys(settings: Settings): Promise<number> {
  using client = await adminClient(settings);
  const { rewritten } = await client.raw("POST", `${path}/rotate`) as unknown as { rewritten: number };
  return rewritten;
}
