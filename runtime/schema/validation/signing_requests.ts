/**
 * CertificateSigningRequests: what may be asked for, and who decides what by which path. Approval and denial are written
 * through `approval` alone and stay; a certificate is one. Words are upstream's.
 */
import { X509Certificate } from "node:crypto";
import type { ICertificateSigningRequest } from "kubernetes-models/certificates.k8s.io/v1/CertificateSigningRequest";
import { dnsLabel, dnsSubdomain } from "./names.ts";
import { type Report, sameJson } from "./report.ts";

type Csr = ICertificateSigningRequest;
type Condition = NonNullable<NonNullable<Csr["status"]>["conditions"]>[number];

const shortestSeconds = 600;

export function validateSigningRequest({ spec, status }: Csr, report: Report): void {
  const place = report.at("spec");
  const request = spec?.request ?? "";
  if (!/-----BEGIN CERTIFICATE REQUEST-----/.test(decoded(request))) {
    place.at("request").invalid(request, "PEM block type must be CERTIFICATE REQUEST");
  }
  validateUsages(spec?.usages ?? [], place.at("usages"));
  validateSigner(spec?.signerName ?? "", place.at("signerName"));
  const seconds = spec?.expirationSeconds;
  if (seconds !== undefined && seconds < shortestSeconds) {
    place.at("expirationSeconds").invalid(seconds, "may not specify a duration less than 600 seconds (10 minutes)");
  }
  validateConditions(status?.conditions ?? [], report.at("status", "conditions"));
}

function validateUsages(usages: readonly string[], report: Report): void {
  if (usages.length === 0) report.required();
  usages.forEach((usage, i) => usages.indexOf(usage) < i && report.at(i).duplicate(usage));
}

export function validateSigner(name: string, report: Report): void {
  if (!name) return report.required();
  if (name === "kubernetes.io/legacy-unknown") {
    return report.invalid(name, "the legacy signerName is not allowed via this API version");
  }
  const [domain = "", path, ...more] = name.split("/");
  if (path === undefined || more.length > 0 || !domain.includes(".")) {
    return report.invalid(name, "must be a fully qualified domain and path of the form 'example.com/signer-name'");
  }
  for (const label of domain.split(".")) {
    for (const fault of dnsLabel(label)) report.invalid(domain, `validating label ${JSON.stringify(label)}: ${fault}`);
  }
  for (const fault of dnsSubdomain(path)) report.invalid(path, `validating label ${JSON.stringify(path)}: ${fault}`);
}

const settled = ["Approved", "Denied", "Failed"];

function validateConditions(conditions: readonly Condition[], report: Report): void {
  const seen = new Set<string>();
  conditions.forEach(({ type, status }, i) => {
    const place = report.at(i);
    if (!type) place.at("type").required();
    const values = settled.includes(type) ? ["True"] : ["False", "True", "Unknown"];
    if (!status) place.at("status").required();
    else if (!values.includes(status)) place.at("status").notSupported(status, values);
    if (seen.has(type)) place.at("type").duplicate(type);
    seen.add(type);
  });
  if (seen.has("Approved") && seen.has("Denied")) {
    report.invalid("Denied", "Approved and Denied conditions are mutually exclusive");
  }
}

/** `subresource`: what was written; absent: the object itself. */
export function validateSigningRequestWrite(now: Csr, old: Csr, report: Report, subresource?: string): void {
  const place = report.at("status");
  const types = ({ status }: Csr) => new Set((status?.conditions ?? []).map(({ type }) => type));
  const [after, before] = [types(now), types(old)];
  for (const type of settled) {
    const words = `condition of type ${JSON.stringify(type)}`;
    if (before.has(type) && !after.has(type)) place.at("conditions").forbidden(`updates may not remove a ${words}`);
    if (subresource === "approval" || type === "Failed" || before.has(type) || !after.has(type)) continue;
    place.at("conditions").forbidden(`updates may not add a ${words}`);
  }
  const [certificate, had] = [now, old].map(({ status }) => status?.certificate);
  if (sameJson(certificate, had)) return;
  if (had) place.at("certificate").forbidden("updates may not modify existing certificate data");
  validateCertificate(certificate ?? "", place.at("certificate"));
}

function validateCertificate(certificate: string, report: Report): void {
  const refuse = (why: string) => report.invalid("<certificate data>", why);
  const blocks = decoded(certificate).match(/-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) return refuse("must contain at least one CERTIFICATE PEM block");
  if (!blocks.every(isCertificate)) refuse("x509: malformed certificate");
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}

/** Base64 was checked when the body was read. */
function decoded(text: string): string {
  return new TextDecoder().decode(Uint8Array.fromBase64(text));
}
