/**
 * What the portmap plugin leaves behind: its frame of chains stays when the last host port has gone. The plugin shares it
 * with every CNI user of the machine (podman, ...), so it goes only when nobody's port is in it.
 */
import type { Run } from "../command.ts";
import type { ChainOwner } from "../iptables/jumps.ts";
import { removeRules } from "../iptables/writer.ts";

const ports = "CNI-HOSTPORT-DNAT";
const frame = [ports, "CNI-HOSTPORT-MASQ", "CNI-HOSTPORT-SETMARK"];

const portmapChains: ChainOwner = { owns: (chain) => frame.includes(chain), jumps: [] };

export function removeHostPorts(run: Run): Promise<void> {
  return removeRules(portmapChains, run, ({ nat }) => nat.chains.get(ports) === 0);
}
