/**
 * The proxy's model as iptables rules. Pure; nothing here touches the machine.
 *
 * Where a packet goes, in table nat:
 * `KUBE-SERVICES` (by cluster, external or load balancer address; last: addresses of the node, to `KUBE-NODEPORTS`)
 * -> `KUBE-EXT-*` for what comes from outside -> `KUBE-SVC-*` (policy Cluster) or `KUBE-SVL-*` (policy Local), which
 * throw the dice -> `KUBE-SEP-*`, which rewrites the destination.
 * What must come back through this node (hairpin, off-cluster clients, node ports) is marked on the way by
 * `KUBE-MARK-MASQ` and gets this node's address in `KUBE-POSTROUTING`. In table filter, Services without endpoints refuse
 * at once instead of letting clients wait.
 */
import {
  chainsOf,
  externalServices,
  firewall,
  forward,
  markMasquerade,
  nodePorts,
  type PortChains,
  postrouting,
  proxyFirewall,
  services,
} from "./chain_names.ts";
import type { Ruleset } from "../iptables/ruleset.ts";
import type { ProxyEndpoint, ServicePort } from "./service_port.ts";

export interface RuleOptions {
  /** Addresses of pods, of the whole cluster: they reach pods without a change of their address. */
  readonly podCidr: string;
}

/** Bit 14, as upstream: other programs leave it alone for that reason. */
const mark = "0x4000/0x4000";

interface Build extends RuleOptions {
  readonly nat: Map<string, string[]>;
  readonly filter: Map<string, string[]>;
}

export function proxyRules(ports: readonly ServicePort[], options: RuleOptions): Ruleset {
  const build: Build = { ...options, nat: natFrame(), filter: filterFrame() };
  for (const port of ports) addPort(build, port);
  add(
    build.nat,
    services,
    `-m addrtype --dst-type LOCAL ${says("node ports; must stay the last rule")} -j ${nodePorts}`,
  );
  return build;
}

function natFrame(): Map<string, string[]> {
  return new Map([
    [services, []],
    [nodePorts, []],
    [markMasquerade, [`-j MARK --set-xmark ${mark}`]],
    [postrouting, [
      `-m mark ! --mark ${mark} -j RETURN`,
      // Unmarked again, so that a packet that comes by here twice (through a tunnel) is not masqueraded twice.
      "-j MARK --set-xmark 0x4000/0x0",
      `${says("traffic of Services that must come back through this node")} -j MASQUERADE --random-fully`,
    ]],
  ]);
}

function filterFrame(): Map<string, string[]> {
  return new Map([
    [services, []],
    [externalServices, []],
    [proxyFirewall, []],
    [forward, [
      // An unexpected packet of a connection whose address was rewritten would reach the client unrewritten, and reset it.
      "-m conntrack --ctstate INVALID -j DROP",
      `-m mark --mark ${mark} ${says("traffic of Services")} -j ACCEPT`,
      "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
    ]],
    // route_localnet makes node ports work on 127.0.0.1, and would also open the node's loopback to its neighbours.
    [firewall, ["! -s 127.0.0.0/8 -d 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP"]],
  ]);
}

function addPort(build: Build, port: ServicePort): void {
  const chains = chainsOf(port);
  addInternal(build, port, chains);
  if (isExternal(port)) addExternal(build, port, chains);
  addPolicyChain(build, port, { chain: chains.cluster, endpoints: port.clusterEndpoints, used: usesCluster(port) });
  addPolicyChain(build, port, { chain: chains.local, endpoints: port.localEndpoints, used: usesLocal(port) });
}

function isExternal({ nodePort, externalIps, loadBalancerIps }: ServicePort): boolean {
  return nodePort !== undefined || externalIps.length > 0 || loadBalancerIps.length > 0;
}

function usesLocal(port: ServicePort): boolean {
  return port.internalLocal || (isExternal(port) && port.externalLocal);
}

/** Pods and the node itself reach external addresses with policy Cluster even where outsiders get Local. */
function usesCluster(port: ServicePort): boolean {
  return !port.internalLocal || isExternal(port);
}

function addInternal({ nat, filter }: Build, port: ServicePort, chains: PortChains): void {
  const { clusterIp, protocol, port: number, name } = port;
  const match = `-d ${clusterIp}/32 -p ${protocol} -m ${protocol} --dport ${number}`;
  const [endpoints, chain] = port.internalLocal
    ? [port.localEndpoints, chains.local]
    : [port.clusterEndpoints, chains.cluster];
  if (endpoints.length > 0) add(nat, services, `${match} ${says(`${name} cluster IP`)} -j ${chain}`);
  else add(filter, services, unreachable(port, match, port.internalLocal));
}

/** Reject what no endpoint anywhere can take; drop what only this node can't take, as others may. */
function unreachable({ name, clusterEndpoints }: ServicePort, match: string, local: boolean): string {
  if (local && clusterEndpoints.length > 0) return `${match} ${says(`${name} has no local endpoints`)} -j DROP`;
  return `${match} ${says(`${name} has no endpoints`)} -j REJECT`;
}

function addExternal(build: Build, port: ServicePort, chains: PortChains): void {
  const { name, externalLocal, clusterEndpoints, localEndpoints } = port;
  const served = (externalLocal ? localEndpoints : clusterEndpoints).length > 0;
  // Local callers are served by any endpoint, so the chain is there as soon as there is one.
  const anywhere = served || clusterEndpoints.length > 0;
  if (anywhere) build.nat.set(chains.external, externalRules(build, port, chains));
  for (const { listed, match, refused, label, guarded } of arrivals(port)) {
    const chain = guarded ? chains.firewall : chains.external;
    if (anywhere) add(build.nat, listed, `${match} ${says(`${name} ${label}`)} -j ${chain}`);
    if (!served) add(build.filter, externalServices, unreachable(port, refused, externalLocal));
  }
  if (isGuarded(port)) guard(build, port, { chains, anywhere });
}

/** A way in from outside. */
interface Arrival {
  /** The chain of table nat that lists it. */
  readonly listed: string;
  readonly match: string;
  /** The same packets where every destination comes by. */
  readonly refused: string;
  readonly label: string;
  readonly guarded: boolean;
}

function arrivals(port: ServicePort): Arrival[] {
  const { protocol, nodePort, externalIps, loadBalancerIps } = port;
  const byAddress = (label: string, guarded: boolean) => (ip: string): Arrival => {
    const match = `-d ${ip}/32 -p ${protocol} -m ${protocol} --dport ${port.port}`;
    return { listed: services, match, refused: match, label, guarded };
  };
  const match = `-p ${protocol} -m ${protocol} --dport ${nodePort}`;
  const refused = `-m addrtype --dst-type LOCAL ${match}`;
  return [
    ...externalIps.map(byAddress("external IP", false)),
    ...loadBalancerIps.map(byAddress("load balancer IP", isGuarded(port))),
    ...(nodePort === undefined ? [] : [{ listed: nodePorts, match, refused, label: "node port", guarded: false }]),
  ];
}

function isGuarded({ sourceRanges, loadBalancerIps }: ServicePort): boolean {
  return sourceRanges.length > 0 && loadBalancerIps.length > 0;
}

/** Sources outside the ranges fall through untranslated, and are dropped in table filter. */
function guard({ nat, filter }: Build, port: ServicePort, to: { chains: PortChains; anywhere: boolean }): void {
  const { name, sourceRanges, loadBalancerIps, protocol, port: number } = port;
  if (to.anywhere) {
    nat.set(to.chains.firewall, sourceRanges.map((range) => `-s ${range} -j ${to.chains.external}`));
  }
  for (const ip of loadBalancerIps) {
    const match = `-d ${ip}/32 -p ${protocol} -m ${protocol} --dport ${number}`;
    add(filter, proxyFirewall, `${match} ${says(`${name} not from its source ranges`)} -j DROP`);
  }
}

function externalRules({ podCidr }: Build, port: ServicePort, chains: PortChains): string[] {
  const { name, externalLocal, clusterEndpoints, localEndpoints } = port;
  if (!externalLocal) {
    return [`${says(`${name} from outside`)} -j ${markMasquerade}`, `-j ${chains.cluster}`];
  }
  const toCluster = clusterEndpoints.length > 0
    ? [
      `-s ${podCidr} ${says(`pods to ${name}'s outer address`)} -j ${chains.cluster}`,
      `-m addrtype --src-type LOCAL ${says(`this node to ${name}'s outer address`)} -j ${markMasquerade}`,
      `-m addrtype --src-type LOCAL -j ${chains.cluster}`,
    ]
    : [];
  // Without a mark: policy Local exists so that the endpoint sees the client's address.
  return localEndpoints.length > 0 ? [...toCluster, `-j ${chains.local}`] : toCluster;
}

interface PolicyChain {
  readonly chain: string;
  readonly endpoints: readonly ProxyEndpoint[];
  readonly used: boolean;
}

function addPolicyChain({ nat, podCidr }: Build, port: ServicePort, { chain, endpoints, used }: PolicyChain): void {
  if (!used || endpoints.length === 0) return;
  const { clusterIp, protocol, port: number, name } = port;
  const { endpoint: chainOf } = chainsOf(port);
  nat.set(chain, [
    `! -s ${podCidr} -d ${clusterIp}/32 -p ${protocol} -m ${protocol} --dport ${number} ` +
    `${says(`${name} from outside the pods`)} -j ${markMasquerade}`,
    ...remembered(port, endpoints),
    ...endpoints.map((endpoint, i) => `${dice(endpoints.length - i)}-j ${chainOf(endpoint)}`),
  ]);
  for (const endpoint of endpoints) nat.set(chainOf(endpoint), endpointRules(port, endpoint));
}

function remembered(port: ServicePort, endpoints: readonly ProxyEndpoint[]): string[] {
  const { affinitySeconds } = port;
  if (affinitySeconds === undefined) return [];
  const { endpoint: chainOf } = chainsOf(port);
  return endpoints.map(chainOf).map((chain) =>
    `-m recent --name ${chain} --rcheck --seconds ${affinitySeconds} --reap --mask 255.255.255.255 --rsource -j ${chain}`
  );
}

/** One in `left`; the last of them takes what is left. */
function dice(left: number): string {
  return left === 1 ? "" : `-m statistic --mode random --probability ${(1 / left).toFixed(10)} `;
}

function endpointRules(port: ServicePort, { address, port: number }: ProxyEndpoint): string[] {
  const { protocol, affinitySeconds, name } = port;
  const { endpoint: chainOf } = chainsOf(port);
  const chain = chainOf({ address, port: number, local: false });
  const remember = affinitySeconds === undefined
    ? ""
    : `-m recent --name ${chain} --set --mask 255.255.255.255 --rsource `;
  return [
    `-s ${address}/32 ${says(`${name} to itself`)} -j ${markMasquerade}`,
    `-p ${protocol} -m ${protocol} ${remember}-j DNAT --to-destination ${address}:${number}`,
  ];
}

/** A comment names the Service for people who read the rules. The kernel's limit is 255 bytes. */
function says(text: string): string {
  return `-m comment --comment "${text.slice(0, 255)}"`;
}

function add(chains: Map<string, string[]>, chain: string, rule: string): void {
  chains.get(chain)?.push(rule);
}
