/** Reads certificates: how long they last, whom they name, which key they are for. It makes none and trusts none. */
import { createHash, createPrivateKey, X509Certificate } from "node:crypto";

export interface CertificateFacts {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** DNS names, and addresses in canonical form. */
  readonly names: readonly string[];
}

/** Throws when the text is no certificate. */
export function readCertificate(pem: string): CertificateFacts {
  const certificate = new X509Certificate(pem);
  return {
    notBeforeMs: Date.parse(certificate.validFrom),
    notAfterMs: Date.parse(certificate.validTo),
    names: alternativeNamesOf(certificate.subjectAltName),
  };
}

/** `DNS:localhost, IP Address:127.0.0.1` */
function alternativeNamesOf(text = ""): string[] {
  return text.split(/,\s*/).filter(Boolean).map((part) => canonicalName(part.replace(/^(DNS|IP Address):/, "")));
}

/** One spelling for each address: IPv6 in the short form of RFC 5952. */
export function canonicalName(name: string): string {
  if (!name.includes(":")) return name.toLowerCase();
  return URL.canParse(`http://[${name}]`) ? new URL(`http://[${name}]`).hostname.slice(1, -1) : name;
}

/** Less than a third of its life is left: time to renew, while the old one still works. */
export function nearsExpiry({ notBeforeMs, notAfterMs }: CertificateFacts, nowMs: number): boolean {
  return notAfterMs - nowMs < (notAfterMs - notBeforeMs) / 3;
}

export function keyFits(certPem: string, keyPem: string): boolean {
  return new X509Certificate(certPem).checkPrivateKey(createPrivateKey(keyPem));
}

export function signedBy(certPem: string, authorityPem: string): boolean {
  const authority = new X509Certificate(authorityPem);
  const certificate = new X509Certificate(certPem);
  return certificate.issuer === authority.subject && certificate.verify(authority.publicKey);
}

/**
 * SHA-256 of the certificate's SubjectPublicKeyInfo in hex: what kubeadm calls the discovery hash (RFC 7469 pins the
 * same bytes). It stays the same when the authority is renewed with its key.
 */
export function publicKeyHash(cert: string | Uint8Array): string {
  const { publicKey } = new X509Certificate(cert);
  return createHash("sha256").update(publicKey.export({ type: "spki", format: "der" })).digest("hex");
}
