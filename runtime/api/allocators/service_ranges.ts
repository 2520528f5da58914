/**
 * Where the addresses of Services come from: the ranges of the ServiceCIDRs that are ready. One that is going gives no
 * new addresses (KEP-1880).
 */
import { inRange, type IpAddress, type IpFamily, type IpRange, readIpRange, type Stored } from "../../schema/mod.ts";
import type { ResourceCache } from "../cache/mod.ts";

export class ServiceRanges {
  #ranges: readonly IpRange[] = [];
  #seen = -1;

  constructor(private readonly serviceCidrs: ResourceCache) {}

  /** In the order of the ServiceCIDRs' names. */
  of(family: IpFamily): readonly IpRange[] {
    if (this.#seen !== this.serviceCidrs.changed) {
      this.#ranges = this.serviceCidrs.list().flatMap(({ object }) => rangesOf(object));
      this.#seen = this.serviceCidrs.changed;
    }
    return this.#ranges.filter((range) => range.family === family);
  }

  /** Network and broadcast addresses are nobody's. */
  hold(address: IpAddress): boolean {
    return this.of(address.family).some((range) => {
      const offset = address.number - range.first;
      return inRange(range, address) && offset > 0n && offset <= lastOffset(range);
    });
  }
}

/** `10.96.0.0/16,fd00::/108`: of one family or of each, with room for addresses. Throws RangeError. */
export function serviceRangesOf(text: string): IpRange[] {
  const ranges = text.split(",").map((cidr) => {
    const range = readIpRange(cidr);
    if (!range || range.size < 4n) throw new RangeError(`"${cidr}" is not a range with room for addresses`);
    return range;
  });
  if (ranges.length > 2 || ranges[0]!.family === ranges[1]?.family) {
    throw new RangeError(`"${text}": one range, or one of each family`);
  }
  return ranges;
}

export function lastOffset({ family, size }: IpRange): bigint {
  return family === "IPv4" ? size - 2n : size - 1n;
}

function rangesOf({ metadata, spec, status }: Stored): IpRange[] {
  const { conditions = [] } = (status ?? {}) as { conditions?: { type: string; status: string }[] };
  const ready = conditions.some(({ type, status }) => type === "Ready" && status === "True");
  if (metadata.deletionTimestamp || !ready) return [];
  const { cidrs = [] } = spec as { cidrs?: string[] };
  return cidrs.map(readIpRange).filter((range) => range !== undefined);
}

/**
 * Every address of a range once, from a random place on; the lower ones last, because people pick them by hand (KEP-3070).
 * `random`: in [0, 1).
 */
export function* offsets(range: IpRange, random: () => number): Iterable<bigint> {
  const last = Number(lastOffset(range));
  const byHand = Math.min(Math.max(16, Math.floor(last / 16)), 256, Math.floor(last / 2));
  yield* around(byHand + 1, last, random);
  yield* around(1, byHand, random);
}

function* around(first: number, last: number, random: () => number): Iterable<bigint> {
  const count = last - first + 1;
  const start = Math.floor(random() * count);
  for (let step = 0; step < count; step++) yield BigInt(first) + (BigInt(start) + BigInt(step)) % BigInt(count);
}
