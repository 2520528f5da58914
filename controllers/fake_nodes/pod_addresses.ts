/** Addresses of a node's subnet that none of its pods has, lowest first. Ends when there are no more. Pure. */
import { parseSubnet } from "../node_ipam/plan.ts";
import type { PodObject } from "../objects/pod_state.ts";

export function* freeAddresses(podCidr: string, pods: readonly PodObject[]): Generator<string, undefined> {
  const taken = new Set(pods.map(({ status }) => status?.podIP));
  const { base, bits } = parseSubnet(podCidr);
  // The first and the last address name the subnet and everyone in it; the second is the bridge's.
  for (let at = base + 2; at < base + 2 ** (32 - bits) - 1; at++) {
    const address = [24, 16, 8, 0].map((shift) => Math.floor(at / 2 ** shift) % 256).join(".");
    if (!taken.has(address)) yield address;
  }
}
