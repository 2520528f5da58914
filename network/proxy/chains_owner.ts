/** How the proxy's chains hang on the built-in ones. */
import type { ChainOwner, Jump } from "../iptables/jumps.ts";
import type { Table } from "../iptables/ruleset.ts";
import {
  externalServices,
  firewall,
  forward,
  isOwnChain,
  postrouting,
  proxyFirewall,
  services,
} from "./chain_names.ts";

/** Refusals concern new connections only: what was accepted once may end in its own time. */
const onlyNew = "-m conntrack --ctstate NEW";

const jump = (table: Table, from: string, to: string, match = ""): Jump => ({ table, from, to, match });

export const proxyChains: ChainOwner = {
  owns: isOwnChain,
  jumps: [
    jump("nat", "PREROUTING", services),
    jump("nat", "OUTPUT", services),
    jump("nat", "POSTROUTING", postrouting),
    jump("filter", "INPUT", proxyFirewall, onlyNew),
    jump("filter", "INPUT", externalServices, onlyNew),
    jump("filter", "INPUT", firewall),
    jump("filter", "FORWARD", proxyFirewall, onlyNew),
    jump("filter", "FORWARD", forward),
    jump("filter", "FORWARD", services, onlyNew),
    jump("filter", "FORWARD", externalServices, onlyNew),
    jump("filter", "OUTPUT", proxyFirewall, onlyNew),
    jump("filter", "OUTPUT", services, onlyNew),
    jump("filter", "OUTPUT", firewall),
  ],
};
