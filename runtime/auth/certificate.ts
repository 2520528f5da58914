/**
 * Makes X.509 certificates (RFC 5280, EC P-256): authorities, leaves and the answers to signing requests. It writes no
 * file and decides nothing about who may have one.
 *
 * `@peculiar/x509` takes a tenth of a second to load, so it is loaded when the first certificate is made: a start that
 * finds all of its certificates in order never pays for it.
 */
import type { Extension, JsonGeneralName, PublicKeyType } from "@peculiar/x509";

export interface KeyPair {
  /** PKCS#8, PEM. */
  readonly key: string;
  /** X.509, PEM. */
  readonly cert: string;
}

export interface Subject {
  readonly commonName: string;
  readonly organizations?: readonly string[];
}

export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

export interface LeafRequest {
  readonly subject: Subject;
  readonly usages: readonly ("client" | "server")[];
  readonly dnsNames?: readonly string[];
  readonly ips?: readonly string[];
  readonly validity: Validity;
}

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

export async function x509() {
  await import("reflect-metadata");
  return await import("@peculiar/x509");
}

/** A new EC P-256 private key as PKCS#8 PEM. */
export async function newPrivateKey(): Promise<string> {
  const pair = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]) as CryptoKeyPair;
  return toPem(await crypto.subtle.exportKey("pkcs8", pair.privateKey), "PRIVATE KEY");
}

/** A self-signed authority for an existing key: renewing it with the same key keeps everything that it signed valid. */
export async function selfSign(keyPem: string, commonName: string, validity: Validity): Promise<string> {
  const lib = await x509();
  const keys = await importKeys(keyPem);
  const certificate = await lib.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: [{ CN: [commonName] }],
    keys,
    signingAlgorithm: algorithm,
    ...validity,
    extensions: [
      new lib.BasicConstraintsExtension(true, undefined, true),
      new lib.KeyUsagesExtension(authorityUsages(lib), true),
      await lib.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return certificate.toString("pem") + "\n";
}

/** A leaf for an existing private key. */
export async function signLeaf(authority: KeyPair, keyPem: string, request: LeafRequest): Promise<string> {
  const keys = await importKeys(keyPem);
  return await sign(authority, keys.publicKey, request);
}

/** PKCS#10 (RFC 2986) for an existing private key. */
export async function newSigningRequest(keyPem: string, request: Omit<LeafRequest, "validity">): Promise<string> {
  const lib = await x509();
  const names = alternativeNames(request);
  const made = await lib.Pkcs10CertificateRequestGenerator.create({
    name: subjectName(request.subject),
    keys: await importKeys(keyPem),
    signingAlgorithm: algorithm,
    extensions: names.length > 0 ? [new lib.SubjectAlternativeNameExtension(names)] : [],
  });
  return made.toString("pem") + "\n";
}

/** Signs a public key; the subject and names are the caller's decision, never the requester's. */
export async function sign(authority: KeyPair, publicKey: PublicKeyType, request: LeafRequest): Promise<string> {
  const lib = await x509();
  const issuer = new lib.X509Certificate(authority.cert);
  const certificate = await lib.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: subjectName(request.subject),
    issuer: issuer.subject,
    publicKey,
    signingKey: (await importKeys(authority.key)).privateKey,
    signingAlgorithm: algorithm,
    ...request.validity,
    extensions: await leafExtensions(issuer, publicKey, request),
  });
  return certificate.toString("pem") + "\n";
}

async function leafExtensions(
  issuer: InstanceType<Awaited<ReturnType<typeof x509>>["X509Certificate"]>,
  publicKey: PublicKeyType,
  request: LeafRequest,
): Promise<Extension[]> {
  const lib = await x509();
  const purposes = { client: lib.ExtendedKeyUsage.clientAuth, server: lib.ExtendedKeyUsage.serverAuth };
  const names = alternativeNames(request);
  return [
    new lib.BasicConstraintsExtension(false, undefined, true),
    new lib.KeyUsagesExtension(lib.KeyUsageFlags.digitalSignature | lib.KeyUsageFlags.keyEncipherment, true),
    new lib.ExtendedKeyUsageExtension(request.usages.map((usage) => purposes[usage])),
    await lib.SubjectKeyIdentifierExtension.create(publicKey),
    await lib.AuthorityKeyIdentifierExtension.create(issuer),
    ...(names.length > 0 ? [new lib.SubjectAlternativeNameExtension(names)] : []),
  ];
}

function alternativeNames({ dnsNames = [], ips = [] }: Pick<LeafRequest, "dnsNames" | "ips">): JsonGeneralName[] {
  return [
    ...dnsNames.map((value) => ({ type: "dns" as const, value })),
    ...ips.map((value) => ({ type: "ip" as const, value })),
  ];
}

function subjectName({ commonName, organizations = [] }: Subject) {
  return [...organizations.map((name) => ({ O: [name] })), { CN: [commonName] }];
}

function authorityUsages({ KeyUsageFlags }: Awaited<ReturnType<typeof x509>>): number {
  return KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign | KeyUsageFlags.digitalSignature;
}

/** 127 random bits: RFC 5280 wants a positive number of at most 20 octets. */
function serialNumber(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** WebCrypto derives no public key from a private one, but its JWK form carries the point. */
async function importKeys(keyPem: string): Promise<CryptoKeyPair> {
  const privateKey = await crypto.subtle.importKey("pkcs8", fromPem(keyPem), algorithm, true, ["sign"]);
  const { d: _secret, key_ops: _operations, ...point } = await crypto.subtle.exportKey("jwk", privateKey);
  const publicKey = await crypto.subtle.importKey("jwk", point, algorithm, true, ["verify"]);
  return { privateKey, publicKey };
}

function toPem(der: ArrayBuffer, label: string): string {
  const base64 = btoa(String.fromCharCode(...new Uint8Array(der)));
  return `-----BEGIN ${label}-----\n${base64.replace(/.{64}(?=.)/g, "$&\n")}\n-----END ${label}-----\n`;
}

/** The bytes between the first pair of PEM marks. */
export function fromPem(pem: string): Uint8Array<ArrayBuffer> {
  const body = /-----BEGIN [^-]+-----([^-]+)-----END/.exec(pem)?.[1];
  if (body === undefined) throw new Error("not a PEM text: it has no BEGIN and END lines");
  return Uint8Array.from(atob(body.replace(/\s/g, "")), (character) => character.charCodeAt(0));
}
