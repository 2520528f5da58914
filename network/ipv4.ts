/** IPv4 addresses and CIDRs as numbers. */

/** The address as an unsigned 32-bit number; undefined for anything that isn't one. */
export function ipv4Number(address: string): number | undefined {
  const parts = address.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255)) return undefined;
  return parts.reduce((number, part) => number * 256 + Number(part), 0);
}

/** Whether `cidr` (`172.30.1.0/24`; host bits don't matter) holds `address`. False for what isn't IPv4. */
export function cidrHolds(cidr: string, address: string): boolean {
  const [base = "", length = ""] = cidr.split("/");
  const [a, b] = [ipv4Number(base), ipv4Number(address)];
  if (a === undefined || b === undefined || !/^\d+$/.test(length) || Number(length) > 32) return false;
  const size = 2 ** (32 - Number(length));
  return Math.floor(a / size) === Math.floor(b / size);
}
