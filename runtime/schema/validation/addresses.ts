/** IPAddresses and ServiceCIDRs (KEP-1880), and which addresses an endpoint may have. */
import type { IIPAddress } from "kubernetes-models/networking.k8s.io/v1/IPAddress";
import type { IServiceCIDR } from "kubernetes-models/networking.k8s.io/v1/ServiceCIDR";
import { inRange, readIp, readIpRange } from "../ip_address.ts";
import { canonicalRange } from "./ip_text.ts";
import { dnsSubdomain, pathSegment } from "./names.ts";
import type { Report } from "./report.ts";
import { named, required, rules } from "./rules.ts";

export const validateIpAddress = rules(
  ["spec.parentRef", (value, report) => value === undefined && report.required()],
  ["spec.parentRef.group", named(dnsSubdomain)],
  ["spec.parentRef.resource", required(), named(pathSegment)],
  ["spec.parentRef.name", required(), named(pathSegment)],
  ["spec.parentRef.namespace", named(pathSegment)],
) as (address: IIPAddress, report: Report) => void;

export function validateServiceCidr({ spec }: IServiceCIDR, report: Report): void {
  const place = report.at("spec", "cidrs");
  const cidrs = spec?.cidrs ?? [];
  if (cidrs.length === 0) return place.required("at least one CIDR required");
  if (cidrs.length > 2) return place.invalid({ CIDRs: cidrs }, "may only hold up to 2 values");
  cidrs.forEach((cidr, i) => place.at(i).named(cidr, canonicalRange));
  const [one, other] = cidrs.map((cidr) => readIpRange(cidr)?.family);
  if (cidrs.length === 2 && one === other) {
    const example = "i.e 192.168.0.0/24 and 2001:db8::/64";
    place.invalid(cidrs, `may specify no more than one IP for each IP family, ${example}`);
  }
}

/** A range of the other family may come, nothing may go. */
export function validateServiceCidrUpdate({ spec }: IServiceCIDR, old: IServiceCIDR, report: Report): void {
  const place = report.at("spec", "cidrs");
  const before = old.spec?.cidrs ?? [];
  if ((spec?.cidrs?.length ?? 0) < before.length) return place.invalid(spec?.cidrs ?? [], "field is immutable");
  before.forEach((cidr, i) => place.at(i).immutable(spec?.cidrs?.[i], cidr));
}

const notForEndpoints = [
  ["0.0.0.0/32", "may not be unspecified (0.0.0.0)"],
  ["::/128", "may not be unspecified (::)"],
  ["127.0.0.0/8 ::1/128", "may not be in the loopback range (127.0.0.0/8, ::1/128)"],
  ["169.254.0.0/16 fe80::/10", "may not be in the link-local range (169.254.0.0/16, fe80::/10)"],
  ["224.0.0.0/24 ff02::/16", "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"],
].map(([cidrs, words]) => ({ ranges: cidrs!.split(" ").map((cidr) => readIpRange(cidr)!), words: words! }));

/** Addresses that mean another machine to each who uses them, also as IPv4 inside of IPv6. */
export function validateEndpointIp(text: string, report: Report): void {
  const ip = readIp(text.replace(/^::ffff:(?=\d+\.)/i, ""));
  if (!ip) return;
  for (const { ranges, words } of notForEndpoints) {
    if (ranges.some((range) => inRange(range, ip))) report.invalid(text, words);
  }
}
