/**
 * The ciphers of an EncryptionConfiguration whose keys stand in it, in upstream's format, so that a store can change hands: a
 * value begins with `k8s:enc:PROVIDER:v1:KEYNAME:`, and aesgcm binds it to its key in the store, so that values cannot be
 * exchanged.
 *
 * Source: https://kubernetes.io/docs/tasks/administer-cluster/encrypt-data/#providers
 */
import { Buffer } from "node:buffer";
import { type CipherGCMTypes, createCipheriv, createDecipheriv, createSecretKey } from "node:crypto";
import { xsalsa20poly1305 } from "@noble/ciphers/salsa.js";

export interface Cipher {
  /** `k8s:enc:aesgcm:v1:key1:`; empty for `identity`. */
  readonly prefix: string;
  /** `path`: the key that the value is kept under. */
  encrypt(plain: Uint8Array, path: string): Promise<Uint8Array>;
  /** Takes what follows the prefix. Throws when it was changed or is another key's. */
  decrypt(sealed: Uint8Array, path: string): Promise<Uint8Array>;
  /** Where keys change behind the cipher's back (KMS). */
  readonly hidden?: {
    /** The key of what follows the prefix. */
    keyOf(sealed: Uint8Array): string;
    /** The key that new values go under. */
    current(): Promise<string>;
    /** Why nothing can be written now. */
    trouble(): Promise<string | undefined>;
  };
}

export interface NamedKey {
  readonly name: string;
  /** Raw: 16, 24 or 32 bytes; 32 for secretbox. */
  readonly secret: Uint8Array<ArrayBuffer>;
}

const textEncoder = new TextEncoder();

export async function aesGcm({ name, secret }: NamedKey): Promise<Cipher> {
  if (secret.length !== 24) return withNonce(`k8s:enc:aesgcm:v1:${name}:`, 12, gcmInPlace(secret));
  const key = await crypto.subtle.importKey("raw", secret, "AES-GCM", false, ["encrypt", "decrypt"]);
  return webCipher(`k8s:enc:aesgcm:v1:${name}:`, 12, (iv, path) => {
    const algorithm = { name: "AES-GCM", iv, additionalData: textEncoder.encode(path) };
    return { algorithm, key };
  });
}

export async function aesCbc({ name, secret }: NamedKey): Promise<Cipher> {
  const key = await crypto.subtle.importKey("raw", secret, "AES-CBC", false, ["encrypt", "decrypt"]);
  return webCipher(`k8s:enc:aescbc:v1:${name}:`, 16, (iv) => ({ algorithm: { name: "AES-CBC", iv }, key }));
}

const tagLength = 16;

/** Objects are small: for them node's cipher takes a third of WebCrypto's time. It has no keys of 24 bytes. */
function gcmInPlace(secret: Uint8Array): { seal: Step; open: Step } {
  const key = createSecretKey(secret);
  const algorithm = `aes-${secret.length * 8}-gcm` as CipherGCMTypes;
  const copied = (...parts: Uint8Array[]) => new Uint8Array(Buffer.concat(parts));
  return {
    seal: (plain, nonce, path) =>
      Promise.try(() => {
        const cipher = createCipheriv(algorithm, key, nonce).setAAD(textEncoder.encode(path));
        return copied(cipher.update(plain), cipher.final(), cipher.getAuthTag());
      }),
    open: (sealed, nonce, path) =>
      Promise.try(() => {
        const tag = sealed.subarray(-tagLength);
        if (tag.length < tagLength) throw new Error("the value is too short");
        const decipher = createDecipheriv(algorithm, key, nonce).setAAD(textEncoder.encode(path)).setAuthTag(tag);
        return copied(decipher.update(sealed.subarray(0, -tagLength)), decipher.final());
      }),
  };
}

/** XSalsa20 and Poly1305, as NaCl's secretbox. */
export function secretBox({ name, secret }: NamedKey): Promise<Cipher> {
  return Promise.resolve(withNonce(`k8s:enc:secretbox:v1:${name}:`, 24, {
    seal: (plain, nonce) => Promise.resolve(xsalsa20poly1305(secret, nonce).encrypt(plain)),
    open: async (sealed, nonce) => await Promise.resolve(xsalsa20poly1305(secret, nonce).decrypt(sealed)),
  }));
}

/** Values as they are. */
export const identity: Cipher = {
  prefix: "",
  encrypt: (plain) => Promise.resolve(plain),
  decrypt: (sealed) => Promise.resolve(sealed),
};

type Keyed = (nonce: Uint8Array<ArrayBuffer>, path: string) => {
  readonly algorithm: AesGcmParams | AesCbcParams;
  readonly key: CryptoKey;
};

function webCipher(prefix: string, nonceLength: number, keyed: Keyed): Cipher {
  return withNonce(prefix, nonceLength, {
    async seal(plain, nonce, path) {
      const { algorithm, key } = keyed(nonce, path);
      return new Uint8Array(await crypto.subtle.encrypt(algorithm, key, plain as Uint8Array<ArrayBuffer>));
    },
    async open(sealed, nonce, path) {
      const { algorithm, key } = keyed(nonce, path);
      return new Uint8Array(await crypto.subtle.decrypt(algorithm, key, sealed));
    },
  });
}

type Step = (
  bytes: Uint8Array<ArrayBuffer>,
  nonce: Uint8Array<ArrayBuffer>,
  path: string,
) => Promise<Uint8Array>;

/** A fresh random nonce stands before each sealed value. */
function withNonce(prefix: string, length: number, { seal, open }: { seal: Step; open: Step }): Cipher {
  return {
    prefix,
    async encrypt(plain, path) {
      const nonce = crypto.getRandomValues(new Uint8Array(length));
      const sealed = await seal(plain as Uint8Array<ArrayBuffer>, nonce, path);
      const bytes = new Uint8Array(length + sealed.length);
      bytes.set(nonce);
      bytes.set(sealed, length);
      return bytes;
    },
    decrypt: (sealed, path) =>
      open(Uint8Array.from(sealed.subarray(length)), Uint8Array.from(sealed.subarray(0, length)), path),
  };
}
