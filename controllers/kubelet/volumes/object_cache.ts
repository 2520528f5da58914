/**
 * ConfigMaps and Secrets that pods of this node refer to, each watched by name and only while somebody needs it: a node has no
 * business with the others.
 */
import type { Client } from "../../../runtime/loop/mod.ts";
import { type Key, keyOf, type Kind, type Ref, type Stored } from "../../../runtime/schema/mod.ts";

interface Entry {
  object: Stored | undefined;
  readonly users: Set<Key>;
  readonly stop: AbortController;
}

export interface ObjectCacheOptions {
  readonly client: Client;
  /** These pods use what changed. */
  readonly onChange: (pod: Key) => void;
}

export class ObjectCache {
  readonly #entries = new Map<string, Entry>();

  constructor(readonly options: ObjectCacheOptions) {}

  /** The object as last seen; read now by the first who asks, kept up to date for as long as a pod uses it. */
  async get<T>(kind: Kind<T>, ref: Ref, pod: Key): Promise<Stored<T> | undefined> {
    const id = `${kind.plural} ${keyOf({ metadata: ref })}`;
    const present = this.#entries.get(id);
    if (present?.object) {
      present.users.add(pod);
      return present.object as unknown as Stored<T>;
    }
    const object = await this.options.client.get(kind, ref);
    const entry = this.#entries.get(id) ?? this.#watch(kind, ref, id);
    entry.object = object as unknown as Stored;
    entry.users.add(pod);
    return object;
  }

  /** The pod is gone: what only it used is watched no longer. */
  release(pod: Key): void {
    for (const [id, { users, stop }] of this.#entries) {
      if (!users.delete(pod) || users.size > 0) continue;
      this.#entries.delete(id);
      stop.abort();
    }
  }

  stop(): void {
    for (const { stop } of this.#entries.values()) stop.abort();
    this.#entries.clear();
  }

  #watch<T>(kind: Kind<T>, ref: Ref, id: string): Entry {
    const entry: Entry = { object: undefined, users: new Set(), stop: new AbortController() };
    this.#entries.set(id, entry);
    this.#follow(kind, ref, entry).catch(() => {
      // Without a watch there is no copy to trust: the next pod asks again.
      if (this.#entries.get(id) === entry) this.#entries.delete(id);
    });
    return entry;
  }

  /** A watch that ends is begun again and starts with what is there, so nothing is missed. */
  async #follow<T>(kind: Kind<T>, { namespace, name }: Ref, entry: Entry): Promise<void> {
    const { signal } = entry.stop;
    while (!signal.aborted) {
      const events = this.options.client.watch(kind, { namespace, fieldSelector: `metadata.name=${name}`, signal });
      for await (const event of events) {
        if (event.type === "BOOKMARK") continue;
        const object = event.type === "DELETED" ? undefined : event.object as unknown as Stored;
        const changed = object?.metadata.resourceVersion !== entry.object?.metadata.resourceVersion;
        entry.object = object;
        if (changed) { for (const pod of entry.users) this.options.onChange(pod); }
      }
    }
  }
}
