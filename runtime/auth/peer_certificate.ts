/**
 * Who a TLS peer is by its certificate. The listener asks for one without demanding it (`requestCert: true,
 * rejectUnauthorized: false`), so the answer of the check must be read here and never assumed.
 */
import { createHash, X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import type { PeerCertificate } from "./user.ts";

/**
 * Shown, verified against the listener's authorities, and of version 3; otherwise `undefined`. `frontProxyCa` (PEM): the one
 * of these authorities whose certificates only say that somebody speaks for others.
 */
export function peerCertificate(
  socket: Pick<TLSSocket, "authorized" | "getPeerCertificate">,
  frontProxyCa?: X509Certificate,
): PeerCertificate | undefined {
  if (!socket.authorized) return undefined;
  const { raw, subject } = socket.getPeerCertificate();
  // Deno 2.9 skips the signature check for version 1, so that anybody's own v1 certificate counts as authorized.
  if (!raw || !isVersion3(raw) || !subject?.CN) return undefined;
  const organizations = [(subject.O as string | string[] | undefined) ?? []].flat();
  const fingerprint = createHash("sha256").update(raw).digest("hex");
  const identity = { commonName: [subject.CN].flat()[0]!, organizations, fingerprint };
  return frontProxyCa && isSignedBy(raw, frontProxyCa) ? { ...identity, authority: "front-proxy" } : identity;
}

function isSignedBy(raw: Uint8Array, authority: X509Certificate): boolean {
  const certificate = new X509Certificate(raw);
  return certificate.issuer === authority.subject && certificate.verify(authority.publicKey);
}

/**
 * `Certificate ::= SEQUENCE { tbsCertificate SEQUENCE { version [0] EXPLICIT INTEGER DEFAULT v1, ...` (RFC 5280, 4.1):
 * past the two sequence headers, v3 reads A0 03 02 01 02.
 */
export function isVersion3(der: Uint8Array): boolean {
  const outer = contentOf(der, 0);
  const inner = outer === undefined ? undefined : contentOf(der, outer);
  if (inner === undefined) return false;
  return [0xa0, 0x03, 0x02, 0x01, 0x02].every((byte, at) => der[inner + at] === byte);
}

/** Where the content of the DER sequence at `at` begins. */
function contentOf(der: Uint8Array, at: number): number | undefined {
  const length = der[at + 1];
  if (der[at] !== 0x30 || length === undefined) return undefined;
  return at + 2 + (length & 0x80 ? length & 0x7f : 0);
}
