/** Arithmetic of IPv4 subnets for pods. Pure. */

export interface Subnet {
  /** First address as a number. */
  readonly base: number;
  readonly bits: number;
}

/** `10.244.0.0/16`; throws RangeError for what is no IPv4 subnet. */
export function parseSubnet(text: string): Subnet {
  const [, a, b, c, d, bits] = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\/(\d+)$/.exec(text)?.map(Number) ?? [];
  const valid = [a, b, c, d].every((part) => part !== undefined && part <= 255) && bits !== undefined && bits <= 32;
  if (!valid) throw new RangeError(`"${text}" is no IPv4 subnet such as 10.244.0.0/16`);
  const address = ((a! * 256 + b!) * 256 + c!) * 256 + d!;
  return { base: address - address % 2 ** (32 - bits!), bits: bits! };
}

export function formatSubnet({ base, bits }: Subnet): string {
  const parts = [24, 16, 8, 0].map((shift) => Math.floor(base / 2 ** shift) % 256);
  return `${parts.join(".")}/${bits}`;
}

/** The lowest subnet of `bits` in `whole` that overlaps none of `taken`; `undefined` when there is none. */
export function freeSubnet(whole: Subnet, bits: number, taken: readonly Subnet[]): Subnet | undefined {
  const size = 2 ** (32 - bits);
  const end = whole.base + 2 ** (32 - whole.bits);
  const used = new Set<number>();
  for (const { base, bits: takenBits } of taken) {
    const last = Math.min(base + 2 ** (32 - takenBits), end);
    for (let at = base - base % size; at < last; at += size) used.add(at);
  }
  for (let base = whole.base; base + size <= end; base += size) {
    if (!used.has(base)) return { base, bits };
  }
}
