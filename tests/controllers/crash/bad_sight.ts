/** Clients whose watches tell late, each kind for itself, or lose what happened and begin anew. Reads and writes are sound. */
import type { Client, WatchEvent, WatchOptions } from "../../../runtime/loop/mod.ts";
import { type Kind, StatusError } from "../../../runtime/schema/mod.ts";

/** Every event is told some milliseconds late; `random` in [0, 1). */
export function lateClient(client: Client, random: () => number): Client {
  return watchingBy(client, async function* <T>(kind: Kind<T>, options: WatchOptions) {
    for await (const event of client.watch(kind, options)) {
      await new Promise((resolve) => setTimeout(resolve, random() * 40));
      yield event;
    }
  });
}

/** Every second event is lost together with the watch that should have told it: the informer has to list again. */
export function forgetfulClient(client: Client): Client {
  return watchingBy(client, async function* <T>(kind: Kind<T>, options: WatchOptions): AsyncIterable<WatchEvent<T>> {
    let told = 0;
    for await (const event of client.watch(kind, options)) {
      if (event.type !== "BOOKMARK" && ++told % 2 === 0) throw new StatusError("Expired", "too old resource version");
      yield event;
    }
  });
}

function watchingBy(client: Client, watch: Client["watch"]): Client {
  return { ...client, watch };
}
