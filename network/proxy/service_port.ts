/**
 * What the proxy knows of one port of one Service: where traffic arrives and where it may go. It says nothing about
 * iptables; every writer (iptables, ipvs, ...) starts from here.
 */

export type Protocol = "tcp" | "udp" | "sctp";

export interface ProxyEndpoint {
  readonly address: string;
  readonly port: number;
  /** Runs on this node. */
  readonly local: boolean;
}

export interface ServicePort {
  /** `namespace/service:port`, without `:port` for the unnamed one. */
  readonly name: string;
  readonly protocol: Protocol;
  readonly clusterIp: string;
  readonly port: number;
  readonly nodePort?: number;
  readonly externalIps: readonly string[];
  readonly loadBalancerIps: readonly string[];
  /** CIDRs that may use the load balancer's addresses; empty: all. */
  readonly sourceRanges: readonly string[];
  readonly internalLocal: boolean;
  readonly externalLocal: boolean;
  /** ClientIP session affinity; absent: none. */
  readonly affinitySeconds?: number;
  /** Where traffic under policy `Cluster` goes. */
  readonly clusterEndpoints: readonly ProxyEndpoint[];
  /** Where traffic under policy `Local` goes. */
  readonly localEndpoints: readonly ProxyEndpoint[];
}
