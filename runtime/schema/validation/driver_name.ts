/** Names of CSI drivers: a subdomain, in upper case too, short enough for a label. */
import { dnsSubdomain } from "./names.ts";
import type { Report } from "./report.ts";

const longest = 63;

export function validateDriverName(value: unknown, report: Report): void {
  const name = String(value ?? "");
  if (name === "") return report.required();
  if (name.length > longest) report.tooLong(longest);
  for (const fault of dnsSubdomain(name.toLowerCase())) report.invalid(name, fault);
}
