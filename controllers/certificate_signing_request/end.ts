/**
 * When a CertificateSigningRequest has served its purpose: answered ones after an hour, unanswered ones after a day, and all
 * when the certificate in them has expired. Pure.
 *
 * Source: https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/#request-signing-process
 */
import type { ICertificateSigningRequest } from "kubernetes-models/certificates.k8s.io/v1/CertificateSigningRequest";
import type { Stored } from "../../runtime/schema/mod.ts";
import { readCertificate } from "../../runtime/auth/mod.ts";

type Csr = Stored<ICertificateSigningRequest>;

const hourMs = 3_600_000;
const lives = { Approved: hourMs, Denied: hourMs, Failed: hourMs };

export function has({ status }: Csr, type: string): boolean {
  return status?.conditions?.some((condition) => condition.type === type && condition.status === "True") ?? false;
}

/** Milliseconds since the epoch. */
export function removalMs(request: Csr): number {
  const { status, metadata } = request;
  const settled = Object.entries(lives).flatMap(([type, lifeMs]) => {
    // What was approved for another signer waits for that signer's certificate.
    if (type === "Approved" && !status?.certificate) return [];
    return (status?.conditions ?? []).filter((one) => one.type === type)
      .map(({ lastUpdateTime }) => Date.parse(String(lastUpdateTime ?? metadata.creationTimestamp)) + lifeMs);
  });
  const pending = Date.parse(metadata.creationTimestamp) + 24 * hourMs;
  const answered = settled.length > 0 || has(request, "Approved");
  return Math.min(...settled, ...(answered ? [] : [pending]), expiryMs(status?.certificate));
}

function expiryMs(certificate: string | undefined): number {
  if (!certificate) return Infinity;
  try {
    return readCertificate(atob(certificate)).notAfterMs;
  } catch {
    return Infinity; // another signer's business
  }
}
