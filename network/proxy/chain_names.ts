/**
 * Names of chains. They look like upstream's, so that people and their tools find their way, and are stable: the same
 * Service port has the same chains on every node and after every restart.
 */
import { createHash } from "node:crypto";
import type { ProxyEndpoint, ServicePort } from "./service_port.ts";

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** 80 bits, 16 characters: a chain's name has at most 28. */
function digest(text: string): string {
  const bytes = createHash("sha256").update(text).digest();
  let name = "";
  for (let bit = 0; bit < 80; bit += 5) {
    const pair = (bytes[bit >> 3]! << 8) | bytes[(bit >> 3) + 1]!;
    name += alphabet[(pair >> (11 - (bit & 7))) & 31];
  }
  return name;
}

export interface PortChains {
  /** Policy `Cluster`. */
  readonly cluster: string;
  /** Policy `Local`. */
  readonly local: string;
  /** Arrivals from outside: node port, external and load balancer addresses. */
  readonly external: string;
  /** Source ranges of the load balancer. */
  readonly firewall: string;
  endpoint(endpoint: ProxyEndpoint): string;
}

export function chainsOf({ name, protocol }: ServicePort): PortChains {
  const port = digest(name + protocol);
  return {
    cluster: `KUBE-SVC-${port}`,
    local: `KUBE-SVL-${port}`,
    external: `KUBE-EXT-${port}`,
    firewall: `KUBE-FW-${port}`,
    endpoint: (endpoint) => `KUBE-SEP-${digest(`${name}${protocol}${endpoint.address}:${endpoint.port}`)}`,
  };
}

/** Chains that hold all Services together; the writer jumps into them from the built-in ones. */
export const services = "KUBE-SERVICES";
export const externalServices = "KUBE-EXTERNAL-SERVICES";
export const nodePorts = "KUBE-NODEPORTS";
export const postrouting = "KUBE-POSTROUTING";
export const markMasquerade = "KUBE-MARK-MASQ";
export const forward = "KUBE-FORWARD";
export const firewall = "KUBE-FIREWALL";
export const proxyFirewall = "KUBE-PROXY-FIREWALL";

const fixed = [
  services,
  externalServices,
  nodePorts,
  postrouting,
  markMasquerade,
  forward,
  firewall,
  proxyFirewall,
];

/** Whether the proxy may rewrite or delete this chain; other programs have `KUBE-` chains too. */
export function isOwnChain(chain: string): boolean {
  return fixed.includes(chain) || /^KUBE-(SVC|SVL|EXT|FW|SEP)-[A-Z2-7]{16}$/.test(chain);
}
