/**
 * How addresses and ranges may be written. What other programs would read as another address is refused: leading zeros
 * (octal to some), IPv4 inside of IPv6, bits behind the prefix. Source: KEP-4858.
 */
import { isIP } from "node:net";
import { ipText, rangeText, readIp, readIpRange } from "../ip_address.ts";
import type { NameRule } from "./names.ts";

export const leadingZeros = "must not have leading 0s";
const noAddress = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
const noRange = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";

/** Family, 0: no address. A zone belongs to a machine, not to an address. */
export function familyOfText(text: string): 0 | 4 | 6 {
  return text.includes("%") ? 0 : isIP(text) as 0 | 4 | 6;
}

/** Of the dotted parts alone: `db8:0::1` is no IPv4. */
function withoutZeros(text: string): string {
  return text.replace(/(^|[:.])0+(?=\d+\.|\d+$)/g, (zeros, sign) => text.includes(".") ? sign : zeros);
}

function isMapped(text: string): boolean {
  return familyOfText(text) === 6 && /^::ffff:(\d+\.|[0-9a-f]{1,4}:[0-9a-f]{1,4}$)/i.test(text);
}

export const addressText: NameRule = (text) => {
  if (familyOfText(text) !== 0) return isMapped(text) ? ["must not be an IPv4-mapped IPv6 address"] : [];
  return [familyOfText(withoutZeros(text)) !== 0 ? leadingZeros : noAddress];
};

/** In the one form that all programs write it in (RFC 5952). */
export const canonicalAddress: NameRule = (text) => {
  const faults = addressText(text);
  const ip = readIp(text);
  if (faults.length > 0 || !ip) return faults;
  return ipText(ip) === text ? [] : [`must be in canonical form ("${ipText(ip)}")`];
};

export const rangeOfText: NameRule = (text) => {
  const [address = "", length = "", ...more] = text.split("/");
  const plain = `${withoutZeros(address)}/${length.replace(/^0+(?=\d)/, "")}`;
  if (more.length > 0 || !isRange(plain)) return [noRange];
  if (plain !== text) return ["must not have leading 0s in IP or prefix length"];
  if (isMapped(address)) return ["must not have an IPv4-mapped IPv6 address"];
  const range = readIpRange(text);
  return range && readIp(address)?.number !== range.first ? ["must not have bits set beyond the prefix length"] : [];
};

export const canonicalRange: NameRule = (text) => {
  const faults = rangeOfText(text);
  const range = readIpRange(text);
  if (faults.length > 0 || !range) return faults;
  return rangeText(range) === text ? [] : [`must be in canonical form ("${rangeText(range)}")`];
};

function isRange(text: string): boolean {
  const [address = "", length = ""] = text.split("/");
  const family = familyOfText(address);
  return family !== 0 && /^\d{1,3}$/.test(length) && Number(length) <= (family === 4 ? 32 : 128);
}
