/**
 * The ciphers of an EncryptionConfiguration, in upstream's format, so that a store can change hands: a value begins with
 * `k8s:enc:PROVIDER:v1:KEYNAME:`, and aesgcm binds it to its key in the store, so that values cannot be exchanged.
 *
 * Source: https://kubernetes.io/docs/tasks/administer-cluster/encrypt-data/#providers
 */
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

export async function aesGcm({ name, secret }: NamedKey): Promise<Cipher> {
  const key = await crypto.subtle.importKey("raw", secret, "AES-GCM", false, ["encrypt", "decrypt"]);
  return withNonce(`k8s:enc:aesgcm:v1:${name}:`, 12, (iv, path) => {
    const algorithm = { name: "AES-GCM", iv, additionalData: textEncoder.encode(path) };
    return { algorithm, key };
  });
}

export async function aesCbc({ name, secret }: NamedKey): Promise<Cipher> {
  const key = await crypto.subtle.importKey("raw", secret, "AES-CBC", false, ["encrypt", "decrypt"]);
  return withNonce(`k8s:enc:aescbc:v1:${name}:`, 16, (iv) => ({ algorithm: { name: "AES-CBC", iv }, key }));
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

/** A fresh random nonce stands before each sealed value. */
function withNonce(prefix: string, length: number, keyed: Keyed): Cipher {
  return {
    prefix,
    async encrypt(plain, path) {
      const nonce = crypto.getRandomValues(new Uint8Array(length));
      const { algorithm, key } = keyed(nonce, path);
      const sealed = await crypto.subtle.encrypt(algorithm, key, plain as Uint8Array<ArrayBuffer>);
      const bytes = new Uint8Array(length + sealed.byteLength);
      bytes.set(nonce);
      bytes.set(new Uint8Array(sealed), length);
      return bytes;
    },
    async decrypt(sealed, path) {
      const { algorithm, key } = keyed(Uint8Array.from(sealed.subarray(0, length)), path);
      const plain = await crypto.subtle.decrypt(algorithm, key, Uint8Array.from(sealed.subarray(length)));
      return new Uint8Array(plain);
    },
  };
}
