/**
 * The ciphers of an EncryptionConfiguration, in upstream's format, so that a store can change hands: a value begins with
 * `k8s:enc:PROVIDER:v1:KEYNAME:`, and aesgcm binds it to its key in the store, so that values cannot be exchanged.
 *
 * Source: https://kubernetes.io/docs/tasks/administer-cluster/encrypt-data/#providers
 */
import { type CipherGCMTypes, createCipheriv, createDecipheriv, createSecretKey } from "node:crypto";

export interface Cipher {
  /** `k8s:enc:aesgcm:v1:key1:`; empty for `identity`. */
  readonly prefix: string;
  /** `path`: the key that the value is kept under. */
  encrypt(plain: Uint8Array, path: string): Promise<Uint8Array>;
  /** Takes what follows the prefix. Throws when it was changed or is another key's. */
  decrypt(sealed: Uint8Array, path: string): Promise<Uint8Array>;
}

export interface NamedKey {
  readonly name: string;
  /** Raw: 16, 24 or 32 bytes. */
  readonly secret: Uint8Array<ArrayBuffer>;
}

const textEncoder = new TextEncoder();
const tagLength = 16;
const gcmNonce = 12;

export async function aesGcm({ name, secret }: NamedKey): Promise<Cipher> {
  const prefix = `k8s:enc:aesgcm:v1:${name}:`;
  if (secret.length !== 24) return withNonce(prefix, gcmNonce, gcmInPlace(secret));
  const key = await crypto.subtle.importKey("raw", secret, "AES-GCM", false, ["encrypt", "decrypt"]);
  const algorithm = (iv: Nonce, path: string) => ({ name: "AES-GCM", iv, additionalData: textEncoder.encode(path) });
  return withNonce(prefix, gcmNonce, webCrypto(key, algorithm));
}

export async function aesCbc({ name, secret }: NamedKey): Promise<Cipher> {
  const key = await crypto.subtle.importKey("raw", secret, "AES-CBC", false, ["encrypt", "decrypt"]);
  return withNonce(`k8s:enc:aescbc:v1:${name}:`, 16, webCrypto(key, (iv) => ({ name: "AES-CBC", iv })));
}

/** Values as they are. */
export const identity: Cipher = {
  prefix: "",
  encrypt: (plain) => Promise.resolve(plain),
  decrypt: (sealed) => Promise.resolve(sealed),
};

type Nonce = Uint8Array<ArrayBuffer>;

/** Both throw. */
interface Keyed {
  seal(nonce: Nonce, plain: Uint8Array, path: string): Uint8Array | Promise<Uint8Array>;
  open(nonce: Nonce, sealed: Uint8Array, path: string): Uint8Array | Promise<Uint8Array>;
}

/** Objects are small: for them node's cipher takes a third of WebCrypto's time. It has no keys of 24 bytes. */
function gcmInPlace(secret: Uint8Array): Keyed {
  const key = createSecretKey(secret);
  const algorithm = `aes-${secret.length * 8}-gcm` as CipherGCMTypes;
  return {
    seal(nonce, plain, path) {
      const cipher = createCipheriv(algorithm, key, nonce).setAAD(textEncoder.encode(path));
      return joined(cipher.update(plain), cipher.final(), cipher.getAuthTag());
    },
    open(nonce, sealed, path) {
      const tag = sealed.subarray(-tagLength);
      if (tag.length < tagLength) throw new Error("the value is too short");
      const decipher = createDecipheriv(algorithm, key, nonce).setAAD(textEncoder.encode(path)).setAuthTag(tag);
      return joined(decipher.update(sealed.subarray(0, -tagLength)), decipher.final());
    },
  };
}

function webCrypto(key: CryptoKey, algorithm: (nonce: Nonce, path: string) => AesGcmParams | AesCbcParams): Keyed {
  const { subtle } = crypto;
  return {
    seal: async (nonce, plain, path) =>
      new Uint8Array(await subtle.encrypt(algorithm(nonce, path), key, plain as Uint8Array<ArrayBuffer>)),
    open: async (nonce, sealed, path) =>
      new Uint8Array(await subtle.decrypt(algorithm(nonce, path), key, sealed as Uint8Array<ArrayBuffer>)),
  };
}

/** A fresh random nonce stands before each sealed value. */
function withNonce(prefix: string, length: number, { seal, open }: Keyed): Cipher {
  return {
    prefix,
    async encrypt(plain, path) {
      const nonce = crypto.getRandomValues(new Uint8Array(length));
      return joined(nonce, await seal(nonce, plain, path));
    },
    decrypt: async (sealed, path) =>
      await open(Uint8Array.from(sealed.subarray(0, length)), sealed.subarray(length), path),
  };
}

/** Bytes of their own memory: node's buffers share theirs with others, and what is stored crosses to another thread. */
function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
