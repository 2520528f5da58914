/** A Client whose lists and watches a test plays by hand, to show an informer what real servers do only when they fail. */
import type { Client, ListResult, WatchEvent, WatchOptions } from "../../runtime/loop/mod.ts";
import type { IConfigMap } from "kubernetes-models/v1/ConfigMap";
import type { Stored } from "../../runtime/schema/mod.ts";

export type Item = Stored<IConfigMap>;

export function item(name: string, resourceVersion: number, uid = `uid-${name}`): Item {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, namespace: "ns", uid, resourceVersion: String(resourceVersion), creationTimestamp: "" },
  };
}

export class ScriptedServer {
  items: Item[] = [];
  version = 0;
  /** Thrown by the next lists and watches while set. */
  failure: Error | undefined;
  lists = 0;
  /** Versions that watches began at. */
  readonly watchedFrom: (string | undefined)[] = [];
  #watch: { events: WatchEvent<IConfigMap>[]; end: boolean; error?: Error; wake: () => void } | undefined;

  readonly client = {
    list: () => this.#list(),
    watch: (_kind: unknown, options: WatchOptions) => this.#events(options),
  } as unknown as Client;

  send(event: WatchEvent<IConfigMap>): void {
    this.#watch!.events.push(event);
    this.#watch!.wake();
  }

  /** The server ends the watch, or breaks it with an error. */
  end(error?: Error): void {
    Object.assign(this.#watch!, { end: true, error });
    this.#watch!.wake();
  }

  #list(): Promise<ListResult<IConfigMap>> {
    this.lists++;
    if (this.failure) return Promise.reject(this.failure);
    return Promise.resolve({ items: this.items, resourceVersion: String(this.version) });
  }

  async *#events({ resourceVersion, signal }: WatchOptions): AsyncIterable<WatchEvent<IConfigMap>> {
    this.watchedFrom.push(resourceVersion);
    if (this.failure) throw this.failure;
    const watch = this.#watch = {
      events: [] as WatchEvent<IConfigMap>[],
      end: false,
      error: undefined,
      wake: () => {},
    };
    signal.addEventListener("abort", () => this.end(), { once: true });
    for (;;) {
      while (watch.events.length > 0) yield watch.events.shift()!;
      if (watch.error) throw watch.error;
      if (watch.end) return;
      await new Promise<void>((resolve) => watch.wake = resolve);
    }
  }
}
