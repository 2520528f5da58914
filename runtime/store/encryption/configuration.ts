/**
 * apiserver.config.k8s.io/v1 EncryptionConfiguration: which resources are encrypted, with which keys. What this store cannot do
 * (`kms`, `secretbox`) is refused when the file is read, never ignored.
 */
import { z } from "zod";
import { aesCbc, aesGcm, type Cipher, identity } from "./ciphers.ts";

const key = z.strictObject({
  name: z.string().regex(/^[^:]+$/, "must not be empty or hold a colon"),
  secret: z.base64(),
});
const keys = z.strictObject({ keys: z.array(key).min(1) });
const provider = z.strictObject({
  aesgcm: keys.optional(),
  aescbc: keys.optional(),
  identity: z.strictObject({}).optional(),
}).refine((one) => Object.keys(one).length === 1, "must name exactly one provider");
const schema = z.strictObject({
  apiVersion: z.literal("apiserver.config.k8s.io/v1"),
  kind: z.literal("EncryptionConfiguration"),
  resources: z.array(
    z.strictObject({ resources: z.array(z.string().min(1)).min(1), providers: z.array(provider).min(1) }),
  ),
});

/** Ciphers of one entry: the first writes, all read. */
export interface EncryptionRule {
  /** `secrets`, `widgets.example.com`, `*.apps`, `*.*`. */
  readonly resources: readonly string[];
  readonly ciphers: readonly Cipher[];
}

/** Throws an Error that names the field. */
export async function parseEncryption(document: unknown): Promise<EncryptionRule[]> {
  const checked = schema.safeParse(document);
  if (!checked.success) {
    const lines = checked.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
    throw new Error(`EncryptionConfiguration: ${lines.join("; ")}`);
  }
  return await Promise.all(checked.data.resources.map(async ({ resources, providers }) => ({
    resources,
    ciphers: (await Promise.all(providers.map(ciphersOf))).flat(),
  })));
}

async function ciphersOf({ aesgcm, aescbc }: z.infer<typeof provider>): Promise<Cipher[]> {
  const [make, list] = aesgcm ? [aesGcm, aesgcm.keys] : [aesCbc, aescbc?.keys ?? []];
  if (!aesgcm && !aescbc) return [identity];
  return await Promise.all(list.map(({ name, secret }) => {
    const raw = Uint8Array.from(atob(secret), (character) => character.charCodeAt(0));
    if (![16, 24, 32].includes(raw.length)) {
      throw new Error(`EncryptionConfiguration: key ${name} has ${raw.length} bytes, 16, 24 or 32 are needed`);
    }
    return make({ name, secret: raw });
  }));
}
