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
