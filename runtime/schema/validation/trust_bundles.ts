/** ClusterTrustBundles: certificates of authorities in PEM and nothing else, under a name that says whose they are. (KEP-3257) */
import { X509Certificate } from "node:crypto";
import type { IClusterTrustBundle } from "../kinds.ts";
import { dnsSubdomain } from "./names.ts";
import type { Report } from "./report.ts";
import { fixed } from "./rules.ts";
import { validateSigner } from "./signing_requests.ts";

/** Values are left out: they are long. */
const omitted = "<value omitted>";
const entries = /-----BEGIN ([^\n]*?)-----\n([\s\S]*?)-----END \1-----/g;

export function validateTrustBundle({ metadata, spec }: IClusterTrustBundle, report: Report): void {
  const { signerName = "", trustBundle = "" } = spec ?? {};
  if (signerName !== "") validateSigner(signerName, report.at("spec", "signerName"));
  validateName(metadata?.name ?? "", signerName, report.at("metadata", "name"));
  validateCertificates(trustBundle, report.at("spec", "trustBundle"));
}

export const validateTrustBundleUpdate = fixed("spec.signerName");

function validateName(name: string, signerName: string, report: Report): void {
  if (signerName === "" && name.includes(":")) {
    return report.invalid(name, 'ClusterTrustBundle without signer name must not have ":" in its name');
  }
  const prefix = signerName === "" ? "" : `${signerName.replaceAll("/", ":")}:`;
  if (!name.startsWith(prefix)) {
    return report.invalid(name, `ClusterTrustBundle for signerName ${signerName} must be named with prefix ${prefix}`);
  }
  for (const fault of dnsSubdomain(name.slice(prefix.length))) report.invalid(name, fault);
}

function validateCertificates(text: string, report: Report): void {
  const seen = new Map<string, number>();
  const found = [...text.matchAll(entries)];
  if (found.length === 0) report.invalid(omitted, "at least one trust anchor must be provided");
  found.forEach(([pem, type, body], i) => {
    const fault = faultOf({ pem, type: type!, body: body! });
    if (fault) return report.invalid(omitted, `entry ${i} ${fault}`);
    const bytes = body!.replaceAll(/\s/g, "");
    const before = seen.get(bytes);
    if (before !== undefined) report.invalid(omitted, `duplicate trust anchor (indices [${before} ${i}])`);
    seen.set(bytes, i);
  });
}

function faultOf({ pem, type, body }: { pem: string; type: string; body: string }): string | undefined {
  if (type !== "CERTIFICATE") return `has bad block type: ${type}`;
  if (body.includes(":")) return "has PEM block headers, which are not permitted";
  try {
    new X509Certificate(pem);
  } catch {
    return "does not parse as X.509";
  }
}
