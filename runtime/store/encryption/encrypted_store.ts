/**
 * A store whose values are encrypted on the way in and decrypted on the way out, by the resource that their keys belong to.
 *
 * Laws: what was written under any key of the configuration is read as long as that key is in it; what is read and was
 * written under another than the first is stale, and becomes fresh with its next write; what cannot be read is an error,
 * never somebody else's value.
 */
import { type Entry, type Store, type StoreChange, StoreError, type WriteAnswer } from "../store.ts";
import { type Cipher, identity } from "./ciphers.ts";
import type { EncryptionRule } from "./configuration.ts";

export interface EncryptedStore extends Store {
  /** From now on; values stay readable by the ciphers that the new rules keep. */
  use(rules: readonly EncryptionRule[]): void;
  /** Keys whose values are not under the cipher that writes. */
  stale(prefix: string): Promise<string[]>;
  /** Writes those again, and says how many; what somebody else writes meanwhile is left to them. */
  rewriteStale(prefix: string): Promise<number>;
}

const plainOnly = [identity];
const scheme = new TextEncoder().encode("k8s:enc:");

export function encryptedStore(store: Store, initial: readonly EncryptionRule[]): EncryptedStore {
  let rules = initial;
  // A store may give out the very bytes that it was given: what was sealed here is not opened again.
  const plainOf = new WeakMap<Uint8Array, Uint8Array>();
  const ciphersFor = (key: string) => rules.find(({ resources }) => covers(resources, key))?.ciphers ?? plainOnly;
  const seal = async (key: string, value: Uint8Array) => {
    const [cipher = identity] = ciphersFor(key);
    const sealed = joined(cipher.prefix, await cipher.encrypt(value, key));
    plainOf.set(sealed, value);
    return sealed;
  };
  const open = async (entry: Entry): Promise<Entry> => {
    const known = plainOf.get(entry.value);
    if (known) return { ...entry, value: known };
    const cipher = cipherOf(entry.value, ciphersFor(entry.key));
    if (!cipher) throw new StoreError("unavailable", `no key of the configuration opens ${entry.key}`);
    if (cipher === identity) return entry;
    try {
      return { ...entry, value: await cipher.decrypt(entry.value.subarray(cipher.prefix.length), entry.key) };
    } catch (cause) {
      throw new StoreError("unavailable", `${entry.key} cannot be decrypted with ${cipher.prefix}`, { cause });
    }
  };
  const openAnswer = async (answer: WriteAnswer): Promise<WriteAnswer> =>
    answer.ok || !answer.current ? answer : { ...answer, current: await open(answer.current) };
  const openChange = async (change: StoreChange): Promise<StoreChange> => {
    const previous = change.previous && await open(change.previous);
    return change.type === "put" ? { ...change, entry: await open(change.entry), previous } : { ...change, previous };
  };
  const isStale = ({ key, value }: Entry) => {
    const ciphers = ciphersFor(key);
    return cipherOf(value, ciphers) !== ciphers[0];
  };
  return {
    use: (next) => void (rules = next),
    async stale(prefix) {
      const { entries } = await store.list({ prefix });
      return entries.filter(isStale).map(({ key }) => key);
    },
    async rewriteStale(prefix) {
      const { entries } = await store.list({ prefix });
      let rewritten = 0;
      for (const entry of entries.filter(isStale)) {
        const { key, revision, value } = await open(entry);
        const { ok } = await store.put(key, await seal(key, value), { expected: revision });
        if (ok) rewritten++;
      }
      return rewritten;
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

/** The cipher by whose prefix a value begins; plain values are `identity`'s, where that is allowed. */
function cipherOf(value: Uint8Array, ciphers: readonly Cipher[]): Cipher | undefined {
  if (!startsWith(value, scheme)) return ciphers.find((one) => one === identity);
  return ciphers.find(({ prefix }) => prefix !== "" && startsWith(value, new TextEncoder().encode(prefix)));
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

/** `/registry/secrets/ns/name` is `secrets`; `/registry/example.com/widgets/...` is `widgets.example.com`. */
function covers(resources: readonly string[], key: string): boolean {
  const [first = "", second = ""] = key.slice("/registry/".length).split("/");
  const [plural, group] = first.includes(".") ? [second, first] : [first, ""];
  const name = group ? `${plural}.${group}` : plural;
  return resources.some((one) => one === name || one === "*.*" || one === `*.${group}`);
}
