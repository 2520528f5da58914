/** Which addresses a ServiceCIDR alone stands for. Pure. */
import type { IServiceCIDR } from "kubernetes-models/networking.k8s.io/v1/ServiceCIDR";
import { inRange, type IpRange, readIp, readIpRange, type Stored } from "../../runtime/schema/mod.ts";

/** `addresses` that lie in it and in none of the others that stay. */
export function onlyIn(
  cidr: Stored<IServiceCIDR>,
  all: readonly Stored<IServiceCIDR>[],
  addresses: readonly string[],
): string[] {
  const staying = all.filter(({ metadata }) => metadata.uid !== cidr.metadata.uid && !metadata.deletionTimestamp);
  const others = staying.flatMap(rangesOf);
  return addresses.filter((address) => holds(rangesOf(cidr), address) && !holds(others, address));
}

export function rangesOf({ spec }: IServiceCIDR): IpRange[] {
  return (spec?.cidrs ?? []).map(readIpRange).filter((range) => range !== undefined);
}

export function holds(ranges: readonly IpRange[], address: string): boolean {
  const ip = readIp(address);
  return ip !== undefined && ranges.some((range) => inRange(range, ip));
}
