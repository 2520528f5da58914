/** IP addresses and ranges: `ip("10.0.0.1")`, `cidr("10.0.0.0/8").containsIP(...)`. IPv4 in IPv6 and zones are refused. */
import { ipText, readIp } from "../../schema/mod.ts";
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
    return ipText({ family: this.bits === 32 ? "IPv4" : "IPv6", number: this.number });
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

function tryIp(text: string): IpValue | undefined {
  const read = readIp(text);
  if (!read || read.family === "IPv6" && read.number >> 32n === 0xffffn) return undefined;
  return new IpValue(read.family === "IPv4" ? 32 : 128, read.number);
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
