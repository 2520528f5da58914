/**
 * The cluster's keys and certificates in one folder (0700, files 0600), laid out and named as kubeadm does. The first
 * start makes them; each later start renews what has less than a third of its life left, what no longer fits its key or
 * authority, and serving certificates that lack a name.
 *
 * Laws:
 * - A key is written before its certificate, and a renewal keeps the key: kill -9 at any moment leaves a folder that the
 *   next start completes, and an authority that keeps trusting what it signed.
 * - An authority's key is never replaced while its certificate is there.
 */
import { createHash, createPublicKey } from "node:crypto";
import { newPrivateKey, selfSign, signLeaf, type Subject } from "./certificate.ts";
import type { KeyPair } from "./certificate.ts";
import { canonicalName, keyFits, nearsExpiry, readCertificate, signedBy } from "./certificate_facts.ts";
import { readIfThere, writeFileAtomic } from "./atomic_file.ts";

export interface PkiOptions {
  /** Names and addresses that clients reach the API server by, beyond those that every cluster has. */
  readonly hostnames: readonly string[];
  readonly ips: readonly string[];
  /** First address of the Service range, where the `kubernetes` Service is. Default 10.96.0.1. */
  readonly serviceIp?: string;
  /** When the node runs in this process: its client and serving certificates are made as well. */
  readonly node?: { readonly name: string; readonly ips: readonly string[] };
  readonly nowMs?: number;
}

/** PEM texts. */
export interface Pki {
  readonly ca: KeyPair;
  readonly apiserver: KeyPair;
  readonly kubeletClient: KeyPair;
  readonly admin: KeyPair;
  readonly frontProxyCa: KeyPair;
  readonly frontProxyClient: KeyPair;
  /** CN `system:node:NAME`, O `system:nodes`. */
  readonly node?: KeyPair;
  readonly nodeServing?: KeyPair;
  /** EC P-256 key that signs ServiceAccount tokens, PKCS#8. */
  readonly serviceAccountKey: string;
  /** Public PEM of the keys that signed them before: `sa-*.pub`. Without its file, a key's tokens end. */
  readonly retiredServiceAccountKeys: readonly string[];
}

const dayMs = 86_400_000;
const authorityDays = 3650;
const leafDays = 730;
/** Clocks of joining machines may be a little behind. */
const backdateMs = 300_000;

interface Leaf {
  readonly file: string;
  readonly subject: Subject;
  readonly usages: readonly ("client" | "server")[];
  readonly dnsNames?: readonly string[];
  readonly ips?: readonly string[];
}

export async function ensurePki(dir: string, options: PkiOptions): Promise<Pki> {
  const nowMs = options.nowMs ?? Date.now();
  await Deno.mkdir(dir, { recursive: true, mode: 0o700 });
  await Deno.chmod(dir, 0o700);
  const ca = await ensureAuthority(`${dir}/ca`, "d8s-ca", nowMs);
  const frontProxyCa = await ensureAuthority(`${dir}/front-proxy-ca`, "d8s-front-proxy-ca", nowMs);
  const leaf = (wanted: Leaf, authority = ca) => ensureLeaf(`${dir}/${wanted.file}`, authority, wanted, nowMs);
  const { node } = options;
  return {
    ca,
    frontProxyCa,
    apiserver: await leaf(apiServerLeaf(options)),
    kubeletClient: await leaf(masters("apiserver-kubelet-client", "kube-apiserver-kubelet-client")),
    admin: await leaf(masters("admin", "kubernetes-admin")),
    frontProxyClient: await leaf(frontProxyLeaf, frontProxyCa),
    ...(node && { node: await leaf(nodeLeaf(node)), nodeServing: await leaf(nodeServingLeaf(node)) }),
    serviceAccountKey: await ensureKey(`${dir}/sa.key`),
    retiredServiceAccountKeys: await retiredKeys(dir),
  };
}

const retiredKey = /^sa-.+\.pub$/;

async function retiredKeys(dir: string): Promise<string[]> {
  const names = (await Array.fromAsync(Deno.readDir(dir))).map(({ name }) => name).filter((name) =>
    retiredKey.test(name)
  );
  return await Promise.all(names.sort().map((name) => Deno.readTextFile(`${dir}/${name}`)));
}

/**
 * A new key signs ServiceAccount tokens from now on; those of the old one count as long as its public half is there, whose
 * file is returned. It is kept before the old key goes, so that kill -9 in between ends no token.
 */
export async function rotateServiceAccountKey(dir: string): Promise<string> {
  const old = createPublicKey(await Deno.readTextFile(`${dir}/sa.key`)).export({ type: "spki", format: "pem" });
  const digest = createHash("sha256").update(old).digest("hex").slice(0, 8);
  const kept = `${dir}/sa-${digest}.pub`;
  await writeFileAtomic(kept, old.toString());
  await writeFileAtomic(`${dir}/sa.key`, await newPrivateKey());
  return kept;
}

const authorities = ["ca.crt", "front-proxy-ca.crt"];

/** Takes away every leaf, so that `make` signs it anew with the key that stays; returns the files that were renewed. */
export async function renewPki(dir: string, make: () => Promise<unknown>): Promise<string[]> {
  const renewed: string[] = [];
  for await (const { name } of Deno.readDir(dir)) {
    if (!name.endsWith(".crt") || authorities.includes(name)) continue;
    await Deno.remove(`${dir}/${name}`);
    renewed.push(`${dir}/${name}`);
  }
  await make();
  return renewed.sort();
}

const frontProxyLeaf: Leaf = {
  file: "front-proxy-client",
  subject: { commonName: "front-proxy-client" },
  usages: ["client"],
};

function masters(file: string, commonName: string): Leaf {
  return { file, subject: { commonName, organizations: ["system:masters"] }, usages: ["client"] };
}

function apiServerLeaf({ hostnames, ips, serviceIp = "10.96.0.1" }: PkiOptions): Leaf {
  const service = ["kubernetes", "kubernetes.default", "kubernetes.default.svc"];
  return {
    file: "apiserver",
    subject: { commonName: "kube-apiserver" },
    usages: ["server"],
    dnsNames: unique(["localhost", ...service, "kubernetes.default.svc.cluster.local", ...hostnames]),
    ips: unique(["127.0.0.1", "::1", serviceIp, ...ips]),
  };
}

function nodeLeaf({ name }: { name: string }): Leaf {
  const subject = { commonName: `system:node:${name}`, organizations: ["system:nodes"] };
  return { file: `node-${name}`, subject, usages: ["client"] };
}

function nodeServingLeaf(node: { name: string; ips: readonly string[] }): Leaf {
  const names = { dnsNames: unique([node.name, "localhost"]), ips: unique(["127.0.0.1", ...node.ips]) };
  return { ...nodeLeaf(node), file: `node-${node.name}-serving`, usages: ["server"], ...names };
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names.map(canonicalName))];
}

async function ensureAuthority(path: string, commonName: string, nowMs: number): Promise<KeyPair> {
  const cert = await readIfThere(`${path}.crt`);
  if (cert && !await readIfThere(`${path}.key`)) {
    throw new Error(
      `${path}.key is missing while ${path}.crt is there: restore it from a backup, or remove the folder`,
    );
  }
  const key = await ensureKey(`${path}.key`);
  if (cert && !keyFits(cert, key)) throw new Error(`${path}.key is not the key of ${path}.crt: restore the right one`);
  if (cert && !nearsExpiry(readCertificate(cert), nowMs)) return { key, cert };
  const made = await selfSign(key, commonName, validity(nowMs, authorityDays));
  await writeFileAtomic(`${path}.crt`, made);
  return { key, cert: made };
}

async function ensureLeaf(path: string, authority: KeyPair, wanted: Leaf, nowMs: number): Promise<KeyPair> {
  const key = await ensureKey(`${path}.key`);
  const found = await readIfThere(`${path}.crt`);
  if (found && stillGood(found, key, authority, wanted, nowMs)) return { key, cert: found };
  const cert = await signLeaf(authority, key, { ...wanted, validity: validity(nowMs, leafDays) });
  await writeFileAtomic(`${path}.crt`, cert);
  return { key, cert };
}

function stillGood(cert: string, key: string, authority: KeyPair, wanted: Leaf, nowMs: number): boolean {
  try {
    const facts = readCertificate(cert);
    const named = [...wanted.dnsNames ?? [], ...wanted.ips ?? []].every((name) => facts.names.includes(name));
    return named && !nearsExpiry(facts, nowMs) && keyFits(cert, key) && signedBy(cert, authority.cert);
  } catch {
    return false; // unreadable: made again
  }
}

async function ensureKey(path: string): Promise<string> {
  const found = await readIfThere(path);
  if (found) return found;
  const key = await newPrivateKey();
  await writeFileAtomic(path, key);
  return key;
}

function validity(nowMs: number, days: number) {
  return { notBefore: new Date(nowMs - backdateMs), notAfter: new Date(nowMs + days * dayMs) };
}
