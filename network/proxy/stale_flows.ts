/**
 * UDP flows that the kernel remembers and that lead nowhere any more. A UDP client that keeps its source port (DNS, QUIC)
 * keeps its flow alive by sending, so rules alone would never move it to another endpoint. Pure: the result is arguments
 * of `conntrack`.
 */
import type { ServicePort } from "./service_port.ts";

export function staleFlows(before: readonly ServicePort[], after: readonly ServicePort[]): string[][] {
  const now = new Map(after.filter(isUdp).map((port) => [port.name, port]));
  return before.filter(isUdp).flatMap((old) => {
    const left = addresses(now.get(old.name));
    const gone = [...addresses(old)].filter((address) => !left.has(address));
    // A port that had nowhere to go was left untranslated, and so are the flows that began then.
    const began = addresses(old).size === 0 && left.size > 0;
    return [
      ...gone.flatMap((address) => arrivals(old).map((arrival) => deletion([...arrival, "--dst-nat", address]))),
      ...(began ? arrivals(now.get(old.name)!).map(deletion) : []),
    ];
  });
}

/**
 * The same, for flows that an earlier process left behind: what led where is read from the kernel's own list (`conntrack
 * -L -p udp`).
 */
export function leftFlows(listed: string, ports: readonly ServicePort[]): string[][] {
  const udp = ports.filter(isUdp);
  return listed.split("\n").map(flowOf).filter((flow) => flow !== undefined && udp.some((port) => isStray(flow, port)))
    .map((flow) => {
      const { src, dst, sport, dport } = flow!;
      return deletion([
        ...["--orig-src", src, "--orig-dst", dst],
        ...["--orig-port-src", sport, "--orig-port-dst", dport],
      ]);
    });
}

interface Flow {
  readonly src: string;
  readonly dst: string;
  readonly sport: string;
  readonly dport: string;
  /** Who answers. */
  readonly target: string;
}

function flowOf(line: string): Flow | undefined {
  const values = [...line.matchAll(/(?:src|dst|sport|dport)=(\S+)/g)].map(([, value]) => value!);
  const [src, dst, sport, dport, target] = values;
  return src && dst && sport && dport && target ? { src, dst, sport, dport, target } : undefined;
}

function isStray({ dst, dport, target }: Flow, port: ServicePort): boolean {
  const left = addresses(port);
  const byAddress = [port.clusterIp, ...port.externalIps, ...port.loadBalancerIps].includes(dst) &&
    dport === String(port.port);
  // Any host may be asked at that number: only what was translated came by the node port.
  const byNode = dport === String(port.nodePort) && target !== dst;
  return (byAddress || byNode) && left.size > 0 && !left.has(target);
}

function isUdp({ protocol }: ServicePort): boolean {
  return protocol === "udp";
}

function addresses(port?: ServicePort): Set<string> {
  return new Set([...port?.clusterEndpoints ?? [], ...port?.localEndpoints ?? []].map(({ address }) => address));
}

function arrivals({ clusterIp, externalIps, loadBalancerIps, port, nodePort }: ServicePort): string[][] {
  const byAddress = [clusterIp, ...externalIps, ...loadBalancerIps];
  return [
    ...byAddress.map((ip) => ["--orig-dst", ip, "--orig-port-dst", `${port}`]),
    ...(nodePort === undefined ? [] : [["--orig-port-dst", `${nodePort}`]]),
  ];
}

function deletion(filter: readonly string[]): string[] {
  return ["-D", "-p", "udp", ...filter];
}
