/**
 * apiserver.config.k8s.io/v1 EncryptionConfiguration: which resources are encrypted, with which keys. What cannot be done (KMS v1)
 * is refused when the file is read, never ignored.
 */
import { z } from "zod";
import { aesCbc, aesGcm, type Cipher, identity, type NamedKey, secretBox } from "./ciphers.ts";
import { type KmsCall, kmsV2 } from "./kms.ts";
import { EncryptionRules } from "./rules.ts";

/** How KMS plug-ins are reached. */
export interface KmsAccess {
  /** `socket`: path of a unix socket. */
  call(socket: string, timeoutMs: number): KmsCall;
  readonly now: () => number;
}

const name = z.string().regex(/^[^:]+$/, "must not be empty or hold a colon");
const keys = z.strictObject({ keys: z.array(z.strictObject({ name, secret: z.base64() })).min(1) });
const kms = z.strictObject({
  apiVersion: z.literal("v2", "KMSv1 is deprecated and is not supported. Use KMSv2 (apiVersion: v2) instead."),
  name,
  endpoint: z.string().regex(/^unix:\/\/\/[^@]/, "must be a unix socket, unix:///PATH"),
  timeout: z.string().regex(/^[1-9]\d*(ms|s|m)$/, "must be a time such as 3s").default("3s"),
});
const provider = z.strictObject({
  aesgcm: keys.optional(),
  aescbc: keys.optional(),
  secretbox: keys.optional(),
  kms: kms.optional(),
  identity: z.strictObject({}).optional(),
}).refine((one) => Object.keys(one).length === 1, "must name exactly one provider");
const schema = z.strictObject({
  apiVersion: z.literal("apiserver.config.k8s.io/v1"),
  kind: z.literal("EncryptionConfiguration"),
  resources: z.array(
    z.strictObject({ resources: z.array(z.string().min(1)).min(1), providers: z.array(provider).min(1) }),
  ).min(1),
});
type Provider = z.infer<typeof provider>;

/** Throws an Error that names the field. */
export async function parseEncryption(document: unknown, access: KmsAccess): Promise<EncryptionRules> {
  const checked = schema.safeParse(document);
  if (!checked.success) {
    const lines = checked.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
    throw new Error(`EncryptionConfiguration: ${lines.join("; ")}`);
  }
  const plugins = new Map<string, Cipher>();
  const entries = await Promise.all(checked.data.resources.map(async ({ resources, providers }) => ({
    resources,
    ciphers: (await Promise.all(providers.map((one) => ciphersOf(one, access, plugins)))).flat(),
  })));
  try {
    return new EncryptionRules(entries);
  } catch (error) {
    throw new Error(`EncryptionConfiguration: ${(error as Error).message}`);
  }
}

const aesBytes = [16, 24, 32];

async function ciphersOf(one: Provider, access: KmsAccess, plugins: Map<string, Cipher>): Promise<Cipher[]> {
  if (one.aesgcm) return await keyed(one.aesgcm, aesGcm, aesBytes);
  if (one.aescbc) return await keyed(one.aescbc, aesCbc, aesBytes);
  if (one.secretbox) return await keyed(one.secretbox, secretBox, [32]);
  return [one.kms ? plugin(one.kms, access, plugins) : identity];
}

async function keyed(
  { keys: list }: z.infer<typeof keys>,
  make: (key: NamedKey) => Promise<Cipher>,
  lengths: readonly number[],
): Promise<Cipher[]> {
  return await Promise.all(list.map(({ name, secret }) => {
    const raw = Uint8Array.from(atob(secret), (character) => character.charCodeAt(0));
    if (lengths.includes(raw.length)) return make({ name, secret: raw });
    throw new Error(
      `EncryptionConfiguration: key ${name}: secret is not of the expected length, got ${raw.length}, ` +
        `expected one of ${lengths.join(", ")}`,
    );
  }));
}

const unitMs = { ms: 1, s: 1000, m: 60_000 };

function plugin({ name, endpoint, timeout }: z.infer<typeof kms>, access: KmsAccess, made: Map<string, Cipher>) {
  if (made.has(name)) {
    throw new Error(`EncryptionConfiguration: duplicate KMS provider name ${name}, names must be unique`);
  }
  const [, number, unit] = /^(\d+)(ms|s|m)$/.exec(timeout)!;
  const timeoutMs = Number(number) * unitMs[unit as keyof typeof unitMs];
  const socket = endpoint.slice("unix://".length);
  const cipher = kmsV2({ name, call: access.call(socket, timeoutMs), now: access.now });
  made.set(name, cipher);
  return cipher;
}
