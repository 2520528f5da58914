/**
 * A store whose values are encrypted on the way in and decrypted on the way out, by the resource that their keys belong to.
 *
 * Laws: what was written under any key of the configuration is read as long as that key is in it; what is read and was
 * written under another than the first is stale, and becomes fresh with its next write; what cannot be read is an error,
 * never somebody else's value.
 */
import { type Entry, type Store, type StoreChange, StoreError, type WriteAnswer } from "../store.ts";
import { type Cipher, identity } from "./ciphers.ts";
import { resourceOfKey } from "./resource_of_key.ts";
import type { EncryptionRules } from "./rules.ts";

/** What is there of one resource under one key. */
export interface KeyUse {
  /** `secrets`, `deployments.apps` */
  readonly resource: string;
  /** `aesgcm k1`, `kms vault (key 7)`, `in clear` */
  readonly key: string;
  readonly count: number;
  /** `stale`: another key writes now. `lost`: no key of the configuration opens it. */
  readonly state: "fresh" | "stale" | "lost";
}

export interface EncryptedStore extends Store {
  /** From now on; values stay readable by the ciphers that the new rules keep. */
  use(rules: EncryptionRules): void;
  /** Of every resource that is to be encrypted, or partly is. */
  keyUse(): Promise<KeyUse[]>;
  /** Writes anew what is stale, and says how many; what somebody else writes meanwhile is fresh by that. */
  rotate(): Promise<number>;
  /** Why a KMS plug-in cannot be used now. */
  trouble(): Promise<string | undefined>;
}

const scheme = new TextEncoder().encode("k8s:enc:");
const decoder = new TextDecoder();
const pageSize = 500;

export function encryptedStore(store: Store, initial: EncryptionRules): EncryptedStore {
  let rules = initial;
  const ciphersFor = (key: string) => rules.ciphersFor(resourceOfKey(key));
  // A store may give out the very bytes that it was given: what was sealed here is not opened again.
  const plainOf = new WeakMap<Uint8Array, Uint8Array>();
  const seal = async (key: string, value: Uint8Array) => {
    const [cipher = identity] = ciphersFor(key);
    const sealed = joined(cipher.prefix, await told(key, cipher, () => cipher.encrypt(value, key), "encrypted"));
    plainOf.set(sealed, value);
    return sealed;
  };
  const open = async (entry: Entry): Promise<Entry> => {
    const { key, value } = entry;
    const known = plainOf.get(value);
    if (known) return { ...entry, value: known };
    const cipher = cipherOf(value, ciphersFor(key));
    if (!cipher) throw new StoreError("unavailable", `no key of the configuration opens ${key}`);
    if (cipher === identity) return entry;
    const sealed = value.subarray(cipher.prefix.length);
    return { ...entry, value: await told(key, cipher, () => cipher.decrypt(sealed, key), "decrypted") };
  };
  const openAnswer = async (answer: WriteAnswer): Promise<WriteAnswer> =>
    answer.ok || !answer.current ? answer : { ...answer, current: await open(answer.current) };
  const openChange = async (change: StoreChange): Promise<StoreChange> => {
    const previous = change.previous && await open(change.previous);
    return change.type === "put" ? { ...change, entry: await open(change.entry), previous } : { ...change, previous };
  };
  async function* everything() {
    let startAfter: string | undefined;
    for (;;) {
      const { entries } = await store.list({ prefix: "/registry/", startAfter, limit: pageSize });
      yield* entries;
      if (entries.length < pageSize) return;
      startAfter = entries.at(-1)!.key;
    }
  }
  const stateOf = async ({ key, value }: Entry): Promise<KeyUse["state"]> => {
    const [first = identity, ...others] = ciphersFor(key);
    const cipher = cipherOf(value, [first, ...others]);
    if (!cipher) return "lost";
    if (cipher !== first) return "stale";
    const { hidden, prefix } = cipher;
    return hidden && hidden.keyOf(value.subarray(prefix.length)) !== await hidden.current() ? "stale" : "fresh";
  };
  return {
    use: (next) => void (rules = next),
    async keyUse() {
      const uses = new Map<string, KeyUse>();
      for await (const entry of everything()) {
        const ciphers = ciphersFor(entry.key);
        if (!startsWith(entry.value, scheme) && ciphers.every((one) => one === identity)) continue;
        const { group, plural } = resourceOfKey(entry.key);
        const use = { resource: group ? `${plural}.${group}` : plural, key: keyName(entry.value, ciphers) };
        const state = await stateOf(entry);
        const at = JSON.stringify([use, state]);
        uses.set(at, { ...use, state, count: (uses.get(at)?.count ?? 0) + 1 });
      }
      return [...uses.values()];
    },
    async rotate() {
      let rewritten = 0;
      for await (const entry of everything()) {
        if (await stateOf(entry) !== "stale") continue;
        const { key, revision, value } = await open(entry);
        const { ok } = await store.put(key, await seal(key, value), { expected: revision, keepTtl: true });
        if (ok) rewritten++;
      }
      return rewritten;
    },
    async trouble() {
      const hidden = [...rules.ciphers()].flatMap((one) => one.hidden ?? []);
      const troubles = await Promise.all(hidden.map((one) => one.trouble()));
      return troubles.filter(Boolean).join("; ") || undefined;
    },
    async get(key) {
      const { entry, revision } = await store.get(key);
      return { entry: entry && await open(entry), revision };
    },
    async list(request) {
      const answer = await store.list(request);
      return { ...answer, entries: await Promise.all(answer.entries.map(open)) };
    },
    put: async (key, value, options) => openAnswer(await store.put(key, await seal(key, value), options)),
    delete: async (key, options) => openAnswer(await store.delete(key, options)),
    async *watch(request) {
      for await (const { changes, revision } of store.watch(request)) {
        yield { changes: await Promise.all(changes.map(openChange)), revision };
      }
    },
    count: (prefix) => store.count(prefix),
    revision: () => store.revision(),
    requestProgress: () => store.requestProgress(),
    compact: (revision) => store.compact(revision),
    size: () => store.size(),
    close: () => store.close(),
  };
}

async function told(key: string, { prefix }: Cipher, work: () => Promise<Uint8Array>, done: string) {
  try {
    return await work();
  } catch (cause) {
    const why = (cause as Error).message;
    throw new StoreError("unavailable", `${key} cannot be ${done} with ${prefix}${why ? ` ${why}` : ""}`, { cause });
  }
}

/** The cipher by whose prefix a value begins; plain values are `identity`'s, where that is allowed. */
function cipherOf(value: Uint8Array, ciphers: readonly Cipher[]): Cipher | undefined {
  if (!startsWith(value, scheme)) return ciphers.find((one) => one === identity);
  return ciphers.find(({ prefix }) => prefix !== "" && startsWith(value, new TextEncoder().encode(prefix)));
}

/** By the value itself, so that keys that are gone have names too. */
function keyName(value: Uint8Array, ciphers: readonly Cipher[]): string {
  if (!startsWith(value, scheme)) return "in clear";
  const [, , provider, , name] = decoder.decode(value.subarray(0, 512)).split(":", 5);
  const { prefix = "", hidden } = cipherOf(value, ciphers) ?? {};
  return `${provider} ${name}${hidden ? ` (key ${hidden.keyOf(value.subarray(prefix.length))})` : ""}`;
}

function startsWith(value: Uint8Array, start: Uint8Array): boolean {
  return start.every((byte, at) => value[at] === byte);
}

function joined(prefix: string, sealed: Uint8Array): Uint8Array {
  if (prefix === "") return sealed;
  const bytes = new Uint8Array(prefix.length + sealed.length);
  bytes.set(new TextEncoder().encode(prefix));
  bytes.set(sealed, prefix.length);
  return bytes;
}
