/**
 * The cipher of a KMS v2 plug-in. The plug-in wraps a seed, from which each write derives a key of its own: it is asked once per
 * key of its own and not for every value, and its answer stands beside each value (`EncryptedObject`), in upstream's layout.
 *
 * Laws: what was written is read by whoever reaches the plug-in; without it, what this process has seen is still read, and
 * written for `graceMs`, then writes are refused; a new key of the plug-in's is taken up within `wellMs`, when something is
 * written.
 *
 * Source: KEP-3299, https://kubernetes.io/docs/tasks/administer-cluster/kms-provider/
 */
import { Buffer } from "node:buffer";
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from "node:crypto";
import { bytes, integer, list, message, type MessageOf, text } from "../../schema/codec/proto_message.ts";
import type { Cipher } from "./ciphers.ts";

/** Calls a method of `v2.KeyManagementService`; throws when the plug-in refuses or does not answer. */
export type KmsCall = (method: "Status" | "Encrypt" | "Decrypt", message: Uint8Array) => Promise<Uint8Array>;

export interface KmsOptions {
  readonly name: string;
  readonly call: KmsCall;
  readonly now: () => number;
}

const annotations = message({ key: text(1), value: bytes(2) });
const messages = {
  status: message({ version: text(1), healthz: text(2), keyId: text(3) }),
  encrypt: message({ plaintext: bytes(1), uid: text(2) }),
  encrypted: message({ ciphertext: bytes(1), keyId: text(2), annotations: list(3, annotations) }),
  decrypt: message({ ciphertext: bytes(1), uid: text(2), keyId: text(3), annotations: list(4, annotations) }),
  decrypted: message({ plaintext: bytes(1) }),
};
const objectFields = {
  data: bytes(1),
  keyId: text(2),
  source: bytes(3),
  annotations: list(4, annotations),
  sourceType: integer(5),
};
const encryptedObject = message(objectFields);
type EncryptedObject = MessageOf<typeof objectFields>;

/** Values of `EncryptedDEKSourceType`. */
const plainKey = 0;
const seedOfKeys = 1;

/** How long the plug-in's word holds, and how long it may be away before nothing is written any more. */
const wellMs = 20_000;
const illMs = 3_000;
const graceMs = 180_000;

/** Upstream's limits on what is stored beside each value. Bytes. */
const longestKeyId = 1024;
const longestSource = 1024;
const domainName = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** Unwrapped seeds that are remembered. */
const seedsKept = 1000;

interface Wrapped extends Pick<EncryptedObject, "keyId" | "source" | "annotations"> {
  readonly seed: Uint8Array;
}

export function kmsV2(options: KmsOptions): Cipher {
  const plugin = new Plugin(options);
  return {
    prefix: `k8s:enc:kms:v2:${options.name}:`,
    async encrypt(plain, path) {
      const { seed, ...beside } = await plugin.wrapped();
      const info = randomBytes(32);
      const data = Buffer.concat([info, sealGcm(derived(seed, info), plain, path)]);
      return encryptedObject.encode({ ...beside, data, sourceType: seedOfKeys });
    },
    async decrypt(sealed, path) {
      const object = encryptedObject.decode(sealed);
      const seed = await plugin.unwrap(object);
      if (object.sourceType === plainKey) return openGcm(seed, object.data, path);
      if (object.sourceType !== seedOfKeys) throw new Error(`its key is of unknown type ${object.sourceType}`);
      return openGcm(derived(seed, object.data.subarray(0, 32)), object.data.subarray(32), path);
    },
    hidden: {
      keyOf: (sealed) => encryptedObject.decode(sealed).keyId,
      current: async () => (await plugin.wrapped()).keyId,
      trouble: () => plugin.trouble(),
    },
  };
}

class Plugin {
  #wrapped?: Wrapped;
  /** When the plug-in was last well, and when it was last asked; with what it said. */
  #wellAt = -Infinity;
  #askedAt = -Infinity;
  #trouble?: Error;
  #asking?: Promise<void>;
  readonly #seeds = new Map<string, Promise<Uint8Array>>();

  constructor(private readonly options: KmsOptions) {}

  /** Throws when the plug-in is away or ill for too long. */
  async wrapped(): Promise<Wrapped> {
    await this.#look();
    if (this.#wrapped && this.options.now() - this.#wellAt < graceMs) return this.#wrapped;
    throw this.#trouble!;
  }

  async trouble(): Promise<string | undefined> {
    await this.#look();
    return this.#trouble?.message;
  }

  /** Each wrapped seed is asked for once. */
  unwrap({ keyId, source, annotations }: Omit<Wrapped, "seed">): Promise<Uint8Array> {
    const name = seedName({ keyId, source, annotations });
    const known = this.#seeds.get(name);
    if (known) return known;
    const ask = { ciphertext: source, uid: crypto.randomUUID(), keyId, annotations };
    const seed = this.#call("Decrypt", messages.decrypt.encode(ask))
      .then((answer) => messages.decrypted.decode(answer).plaintext);
    seed.catch(() => this.#seeds.delete(name));
    this.#keep(name, seed);
    return seed;
  }

  /** Never throws: what is wrong is kept. Whoever comes meanwhile waits for the same answer. */
  #look(): Promise<void> {
    const fresh = this.options.now() - this.#askedAt < (this.#trouble ? illMs : wellMs);
    if (fresh && !this.#asking) return Promise.resolve();
    this.#asking ??= this.#ask().then(
      () => void (this.#wellAt = this.options.now(), this.#trouble = undefined),
      (error) => void (this.#trouble = error),
    ).finally(() => {
      this.#askedAt = this.options.now();
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #ask(): Promise<void> {
    const { version, healthz, keyId } = messages.status.decode(await this.#call("Status", new Uint8Array(0)));
    if (version !== "v2" && version !== "v2beta1") throw this.#wrong(`has version "${version}", expected v2`);
    if (healthz !== "ok") throw this.#wrong(`got unexpected healthz status: ${healthz}`);
    this.#checkKeyId(keyId);
    if (this.#wrapped?.keyId !== keyId) this.#wrapped = await this.#wrap();
  }

  async #wrap(): Promise<Wrapped> {
    const seed = Uint8Array.from(randomBytes(32));
    const ask = messages.encrypt.encode({ plaintext: seed, uid: crypto.randomUUID() });
    const { ciphertext: source, keyId, annotations } = messages.encrypted.decode(await this.#call("Encrypt", ask));
    this.#checkKeyId(keyId);
    if (source.length === 0 || source.length > longestSource) {
      throw this.#wrong(`answers with a ciphertext of ${source.length} bytes, 1 to ${longestSource} are allowed`);
    }
    const odd = annotations.find(({ key }) => !domainName.test(key));
    if (odd) throw this.#wrong(`answers with the annotation "${odd.key}", which is no domain name`);
    this.#keep(seedName({ keyId, source, annotations }), Promise.resolve(seed));
    return { keyId, source, annotations, seed };
  }

  #checkKeyId(keyId: string): void {
    if (keyId === "" || keyId.length > longestKeyId) {
      throw this.#wrong(`names a key of ${keyId.length} bytes, 1 to ${longestKeyId} are allowed`);
    }
  }

  #keep(name: string, seed: Promise<Uint8Array>): void {
    const [oldest] = this.#seeds.keys();
    if (this.#seeds.size >= seedsKept) this.#seeds.delete(oldest!);
    this.#seeds.set(name, seed);
  }

  async #call(method: Parameters<KmsCall>[0], message: Uint8Array): Promise<Uint8Array> {
    try {
      return await this.options.call(method, message);
    } catch (cause) {
      throw this.#wrong(`did not answer ${method}: ${(cause as Error).message}`, cause);
    }
  }

  #wrong(what: string, cause?: unknown): Error {
    return new Error(`KMS plug-in ${this.options.name} ${what}`, { cause });
  }
}

function seedName({ keyId, source, annotations }: Omit<Wrapped, "seed">): string {
  const beside = annotations.map(({ key, value }) => [key, Buffer.from(value).toString("base64")]);
  return JSON.stringify([keyId, Buffer.from(source).toString("base64"), beside]);
}

/** HKDF-Expand with SHA-256 (RFC 5869, section 2.3): of 32 bytes, which is one block. */
function derived(seed: Uint8Array, info: Uint8Array): Uint8Array {
  return createHmac("sha256", seed).update(info).update(Uint8Array.of(1)).digest();
}

function sealGcm(key: Uint8Array, plain: Uint8Array, path: string): Uint8Array {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(path));
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function openGcm(key: Uint8Array, sealed: Uint8Array, path: string): Uint8Array {
  if (sealed.length < 12 + 16) throw new Error("it is too short");
  const [nonce, body, tag] = [sealed.subarray(0, 12), sealed.subarray(12, -16), sealed.subarray(-16)];
  const decipher = createDecipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(path)).setAuthTag(tag);
  return Uint8Array.from(Buffer.concat([decipher.update(body), decipher.final()]));
}
