/** Addresses of a node's subnet that none of its pods has, lowest first. Ends when there are no more. Pure. */
import { ipText, readIpRange } from "../../runtime/schema/mod.ts";
import type { PodObject } from "../objects/pod_state.ts";

export function* freeAddresses(podCidr: string, pods: readonly PodObject[]): Generator<string, undefined> {
  const taken = new Set(pods.map(({ status }) => status?.podIP));
  const range = readIpRange(podCidr);
  if (!range) return;
  const { family, first, size } = range;
  // The first and the last address name the subnet and everyone in it; the second is the bridge's.
  for (let at = first + 2n; at < first + size - 1n; at++) {
    const address = ipText({ family, number: at });
    if (!taken.has(address)) yield address;
  }
}
