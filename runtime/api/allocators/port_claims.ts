/**
 * A node port that one API server is about to give away, told to the others: a key of the store that removes itself after
 * a minute, when every watch cache has long seen the Service. What died in between leaves nothing behind.
 */
import type { Machinery } from "../objects/machinery.ts";

const ttlSeconds = 60;
const keyOf = (port: number) => `/registry/ranges/servicenodeports/${port}`;

/** `service`: a second write of the same one takes its claim over. Nobody else claims it: true. */
export async function claimPort({ store }: Machinery, port: number, service: string): Promise<boolean> {
  const answer = await store.put(keyOf(port), new TextEncoder().encode(service), { expected: 0, ttlSeconds });
  return answer.ok || claimantOf(answer.current?.value) === service;
}

export async function dropPortClaim({ store }: Machinery, port: number, service: string): Promise<void> {
  const { entry } = await store.get(keyOf(port));
  if (entry && claimantOf(entry.value) === service) await store.delete(keyOf(port), { expected: entry.revision });
}

function claimantOf(value: Uint8Array | undefined): string | undefined {
  return value && new TextDecoder().decode(value);
}
