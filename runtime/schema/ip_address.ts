/** IP addresses and ranges as numbers: reading, canonical text (RFC 5952), containment. No zones, no IPv4 in IPv6 notation. */

export type IpFamily = "IPv4" | "IPv6";

export interface IpAddress {
  readonly family: IpFamily;
  readonly number: bigint;
}

export interface IpRange {
  /** As it was written. */
  readonly cidr: string;
  readonly family: IpFamily;
  /** The network address. */
  readonly first: bigint;
  /** Addresses in it, network and broadcast address included. */
  readonly size: bigint;
}

export function readIp(text: string): IpAddress | undefined {
  const v4 = v4Number(text);
  if (v4 !== undefined) return { family: "IPv4", number: v4 };
  const v6 = v6Number(text);
  return v6 === undefined ? undefined : { family: "IPv6", number: v6 };
}

/** Canonical. */
export function ipText({ family, number }: IpAddress): string {
  return family === "IPv4" ? v4Text(number) : v6Text(number);
}

export function familyOf(text: string): IpFamily | undefined {
  return readIp(text)?.family;
}

/** `undefined`: not a range in CIDR notation. */
export function readIpRange(cidr: string): IpRange | undefined {
  const [, address = "", length = ""] = /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(cidr) ?? [];
  const ip = readIp(address);
  const bits = ip?.family === "IPv4" ? 32 : 128;
  if (!ip || Number(length) > bits) return undefined;
  const size = 1n << BigInt(bits - Number(length));
  return { cidr, family: ip.family, first: ip.number - ip.number % size, size };
}

/** Canonical: the network address in canonical form. */
export function rangeText({ family, first, size }: IpRange): string {
  const bits = family === "IPv4" ? 32 : 128;
  return `${ipText({ family, number: first })}/${bits - size.toString(2).length + 1}`;
}

/** Network and broadcast address included. */
export function inRange(range: IpRange, { family, number }: IpAddress): boolean {
  return family === range.family && number >= range.first && number < range.first + range.size;
}

function v4Number(text: string): bigint | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)) {
    return undefined;
  }
  return parts.reduce((sum, part) => sum << 8n | BigInt(part), 0n);
}

function v4Text(number: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => number >> shift & 0xffn).join(".");
}

function v6Number(text: string): bigint | undefined {
  if (text.length > 39 || !/^[0-9a-fA-F:]+$/.test(text)) return undefined;
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map((half) => half === "" ? [] : half.split(":")) as [string[], string[]?];
  const missing = 8 - head.length - (tail?.length ?? 0);
  if (tail ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...Array(tail ? missing : 0).fill("0"), ...tail ?? []];
  if (!groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return undefined;
  return groups.reduce((sum, group) => sum << 16n | BigInt(`0x${group}`), 0n);
}

/** RFC 5952: lower case, the longest run of zeros shortened. */
function v6Text(number: bigint): string {
  const groups = Array.from({ length: 8 }, (_, i) => (number >> BigInt(16 * (7 - i)) & 0xffffn).toString(16));
  const runs = [...groups.join(":").matchAll(/(?:^|:)0(?::0)+(?=:|$)/g)].map(([run]) => run);
  const longest = runs.reduce(
    (best, run) => run.replace(/^:/, "").length > best.replace(/^:/, "").length ? run : best,
    "",
  );
  if (longest === "") return groups.join(":");
  const [head, ...rest] = groups.join(":").split(longest);
  return `${head}::${rest.join(longest).replace(/^:/, "")}`;
}
