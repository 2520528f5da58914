/** IPv4 ranges in CIDR notation, as numbers. */
export interface IpRange {
  readonly cidr: string;
  /** The network address. */
  readonly first: number;
  /** Addresses in it, network and broadcast address included. */
  readonly size: number;
}

/** Throws RangeError. */
export function parseIpRange(cidr: string): IpRange {
  const [address = "", bits = ""] = cidr.split("/");
  const length = Number(bits);
  const value = ipNumber(address);
  if (value === undefined || !/^\d+$/.test(bits) || length > 30) {
    throw new RangeError(`"${cidr}" is not an IPv4 range with room for addresses (such as 10.96.0.0/16)`);
  }
  const size = 2 ** (32 - length);
  return { cidr, first: value - value % size, size };
}

/** `undefined`: no IPv4 address. */
export function ipNumber(text: string): number | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)) {
    return undefined;
  }
  return parts.reduce((value, part) => value * 256 + Number(part), 0);
}

export function ipText(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");
}
