/** Arithmetic of subnets for pods, of both families. Pure. */
import { type IpFamily, type IpRange, rangeText } from "../../runtime/schema/mod.ts";

const addressBits: Record<IpFamily, number> = { IPv4: 32, IPv6: 128 };

/** The lowest subnet of `bits` in `whole` that overlaps none of `taken`; `undefined` when there is none. */
export function freeSubnet(whole: IpRange, bits: number, taken: readonly IpRange[]): IpRange | undefined {
  const { family } = whole;
  const size = 1n << BigInt(addressBits[family] - bits);
  const count = Number(whole.size / size);
  const used = new Set<number>();
  for (const other of taken) {
    if (other.family !== family || other.first + other.size <= whole.first) continue;
    const from = other.first > whole.first ? Number((other.first - whole.first) / size) : 0;
    const last = Number((other.first + other.size - 1n - whole.first) / size);
    for (let at = from; at <= Math.min(last, count - 1); at++) used.add(at);
  }
  for (let at = 0; at < count; at++) {
    if (used.has(at)) continue;
    const free = { cidr: "", family, first: whole.first + BigInt(at) * size, size };
    return { ...free, cidr: rangeText(free) };
  }
}
