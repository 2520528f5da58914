/** The overlay's iptables rules: pods may be forwarded, and leave the cluster under their node's address. Pure. */
import type { ChainOwner } from "../iptables/jumps.ts";
import type { Ruleset } from "../iptables/ruleset.ts";

const postrouting = "D8S-POD-MASQ";
const forward = "D8S-POD-FORWARD";

export const overlayChains: ChainOwner = {
  owns: (chain) => chain === postrouting || chain === forward,
  jumps: [
    { table: "nat", from: "POSTROUTING", match: "", to: postrouting, last: true },
    // After the proxy's refusals for Services without endpoints, before docker's policy DROP.
    { table: "filter", from: "FORWARD", match: "", to: forward, last: true },
  ],
};

export function overlayRules({ podCidr, subnet }: { podCidr: string; subnet: string }): Ruleset {
  return {
    nat: new Map([[postrouting, [
      `-d ${podCidr} -j RETURN`,
      `-s ${subnet} ! -d 224.0.0.0/4 -m comment --comment "pods leave the cluster as their node" -j MASQUERADE --random-fully`,
    ]]]),
    filter: new Map([[forward, [`-s ${podCidr} -j ACCEPT`, `-d ${podCidr} -j ACCEPT`]]]),
  };
}
