/** IP addresses and ranges: `ip("10.0.0.1")`, `cidr("10.0.0.0/8").containsIP(...)`. IPv4 in IPv6 and zones are refused. */
import { EvaluationError } from "../issue.ts";
import { overloads } from "../overload.ts";
import { Opaque } from "../value.ts";

export class IpValue extends Opaque {
  override readonly typeName = "net.IP";

  constructor(readonly bits: 32 | 128, readonly number: bigint) {
    super();
  }

  override equals(other: Opaque): boolean {
    return other instanceof IpValue && other.bits === this.bits && other.number === this.number;
  }

  override toString(): string {
    return this.bits === 32 ? v4Text(this.number) : v6Text(this.number);
  }
}

class CidrValue extends Opaque {
  override readonly typeName = "net.CIDR";

  constructor(readonly ip: IpValue, readonly length: number) {
    super();
  }

  override equals(other: Opaque): boolean {
    return other instanceof CidrValue && other.length === this.length && other.ip.equals(this.ip);
  }

  contains({ bits, number }: IpValue): boolean {
    const shift = BigInt(this.ip.bits - this.length);
    return bits === this.ip.bits && number >> shift === this.ip.number >> shift;
  }

  masked(): CidrValue {
    const shift = BigInt(this.ip.bits - this.length);
    return new CidrValue(new IpValue(this.ip.bits, this.ip.number >> shift << shift), this.length);
  }

  override toString(): string {
    return `${this.ip}/${this.length}`;
  }
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

function tryIp(text: string): IpValue | undefined {
  const v4 = v4Number(text);
  if (v4 !== undefined) return new IpValue(32, v4);
  const v6 = v6Number(text);
  return v6 === undefined || v6 >> 32n === 0xffffn ? undefined : new IpValue(128, v6);
}

function parseIp(text: string): IpValue {
  const found = tryIp(text);
  if (!found) throw new EvaluationError(`IP Address ${JSON.stringify(text)} parse error during conversion from string`);
  return found;
}

function tryCidr(text: string): CidrValue | undefined {
  const [, address, length] = /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(text) ?? [];
  const ip = address && tryIp(address);
  return ip && Number(length) <= ip.bits ? new CidrValue(ip, Number(length)) : undefined;
}

function parseCidr(text: string): CidrValue {
  const found = tryCidr(text);
  if (!found) throw new EvaluationError(`CIDR ${JSON.stringify(text)} parse error during conversion from string`);
  return found;
}

function within(text: string): (ip: IpValue) => boolean {
  const range = parseCidr(text);
  return (ip) => range.contains(ip);
}

const anyOf = (...texts: string[]) => {
  const tests = texts.map(within);
  return (ip: IpValue) => tests.some((test) => test(ip));
};

const global = anyOf("0.0.0.0/0", "::/0");
const notGlobal = anyOf(
  ...["0.0.0.0/32", "255.255.255.255/32", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4"],
  ...["::/128", "::1/128", "fe80::/10", "ff00::/8"],
);

export const networkFunctions = overloads({
  "ip(string): net.IP": parseIp,
  "isIP(string): bool": (text: string) => tryIp(text) !== undefined,
  '"ip.isCanonical"(string): bool': (text: string) => String(parseIp(text)) === text,
  "string(net.IP): string": String,
  "net.IP.family(): int": ({ bits }: IpValue) => bits === 32 ? 4n : 6n,
  "net.IP.isUnspecified(): bool": anyOf("0.0.0.0/32", "::/128"),
  "net.IP.isLoopback(): bool": anyOf("127.0.0.0/8", "::1/128"),
  "net.IP.isLinkLocalMulticast(): bool": anyOf("224.0.0.0/24", "ff02::/16"),
  "net.IP.isLinkLocalUnicast(): bool": anyOf("169.254.0.0/16", "fe80::/10"),
  "net.IP.isGlobalUnicast(): bool": (ip: IpValue) => global(ip) && !notGlobal(ip),
  "cidr(string): net.CIDR": parseCidr,
  "isCIDR(string): bool": (text: string) => tryCidr(text) !== undefined,
  "string(net.CIDR): string": String,
  "net.CIDR.containsIP(net.IP): bool": (range: CidrValue, ip: IpValue) => range.contains(ip),
  "net.CIDR.containsIP(string): bool": (range: CidrValue, text: string) => range.contains(parseIp(text)),
  "net.CIDR.containsCIDR(net.CIDR): bool": containsCidr,
  "net.CIDR.containsCIDR(string): bool": (range: CidrValue, text: string) => containsCidr(range, parseCidr(text)),
  "net.CIDR.ip(): net.IP": ({ ip }: CidrValue) => ip,
  "net.CIDR.masked(): net.CIDR": (range: CidrValue) => range.masked(),
  "net.CIDR.prefixLength(): int": ({ length }: CidrValue) => BigInt(length),
});

function containsCidr(outer: CidrValue, inner: CidrValue): boolean {
  return outer.length <= inner.length && outer.contains(inner.ip);
}
