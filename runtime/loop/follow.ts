/**
 * Follows one kind through the Client port: list once, watch from there, resume from the last version when the watch
 * ends, list again only when the server no longer has that version, back off while the server is away. It keeps no
 * objects; the sink does.
 */
import type { Logger } from "@logtape/logtape";
import { isReason, type Kind, type Stored } from "../schema/mod.ts";
import { backOffMs, jittered, serverBackOff } from "./back_off.ts";
import type { Client, WatchEvent } from "./client.ts";
import { sleep } from "./clock.ts";
import type { Clock, InformerFilter } from "./controller.ts";
import { revisionOf } from "./revision.ts";

export interface FollowContext {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

export interface Sink<T> {
  /** All there is. */
  replace(items: readonly Stored<T>[], resourceVersion: string): void;
  change(event: Exclude<WatchEvent<T>, { type: "BOOKMARK" }>): void;
}

/** A watch that ends sooner counts as a failure, so that a server which hangs up at once is not hammered. */
const shortWatchMs = 1000;

/** Runs until the signal aborts; never rejects. */
export async function follow<T>(
  kind: Kind<T>,
  filter: InformerFilter,
  sink: Sink<T>,
  context: FollowContext,
): Promise<void> {
  const { clock, random, log, signal } = context;
  const place: Place = { version: undefined, newest: 0 };
  let failures = 0;
  while (!signal.aborted) {
    const startedAt = clock.now();
    try {
      if (place.version === undefined) await relist(kind, filter, sink, context, place);
      await watchOn(kind, filter, sink, context, place);
      failures = clock.now() - startedAt < shortWatchMs ? failures + 1 : 0;
    } catch (error) {
      if (signal.aborted) return;
      failures = clock.now() - startedAt < shortWatchMs ? failures + 1 : 1;
      log.debug("watch failed", { kind: kind.kind, failures, error });
      if (isReason(error, "Expired", "Gone")) place.version = undefined;
    }
    if (failures > 0) await sleep(clock, jittered(backOffMs(serverBackOff, failures), random), signal);
  }
}

interface Place {
  /** Where the watch goes on; undefined when a list is needed. */
  version: string | undefined;
  /** Highest revision ever seen: a server that lags behind it is not believed. */
  newest: number;
}

async function relist<T>(
  kind: Kind<T>,
  filter: InformerFilter,
  sink: Sink<T>,
  { client }: FollowContext,
  place: Place,
): Promise<void> {
  const { items, resourceVersion } = await client.list(kind, filter);
  if (revisionOf(resourceVersion) < place.newest) {
    throw new Error(`list of ${kind.plural} at ${resourceVersion} is older than ${place.newest}, which was seen`);
  }
  sink.replace(items, resourceVersion);
  advance(place, resourceVersion);
}

async function watchOn<T>(
  kind: Kind<T>,
  filter: InformerFilter,
  sink: Sink<T>,
  { client, signal }: FollowContext,
  place: Place,
): Promise<void> {
  const options = { ...filter, resourceVersion: place.version, allowBookmarks: true, signal };
  for await (const event of client.watch(kind, options)) {
    if (signal.aborted) return;
    if (event.type === "BOOKMARK") advance(place, event.resourceVersion);
    else {
      sink.change(event);
      advance(place, event.object.metadata.resourceVersion);
    }
  }
}

function advance(place: Place, version: string): void {
  if (revisionOf(version) < place.newest) return;
  place.version = version;
  place.newest = revisionOf(version);
}
