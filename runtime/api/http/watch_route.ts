/** GET with `watch=true`: the answer begins at once and goes on until somebody ends it. */
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { isReason } from "../../schema/mod.ts";
import type { Collection, Operations, WatchCall } from "../operations.ts";
import type { Connection } from "../connection.ts";
import type { Encoding } from "./encodings.ts";
import { type ByteSink, responseSink, streamSink, WatchStream } from "./watch_stream.ts";

export interface WatchRoute {
  readonly operations: Operations;
  readonly collection: Collection;
  readonly call: WatchCall;
  readonly encoding: Encoding;
  /** Absent: the server chooses. */
  readonly timeoutSeconds?: number;
  readonly connection: Connection;
  readonly signal?: AbortSignal;
  /** Told when the watch is over. */
  readonly onEnd: () => void;
}

const leastMinutes = 30;

/** Throws what `Operations.watch` throws, before anything was sent. */
export async function watchRoute(route: WatchRoute): Promise<Response> {
  const { outgoing } = route.connection;
  if (!outgoing) return await watchOverStream(route);
  // Nothing leaves before the watch has begun: its refusals have status codes.
  const headers = { "content-type": route.encoding.streamType, "cache-control": "no-cache, private" };
  const sink = responseSink(outgoing);
  const begun: ByteSink = {
    ...sink,
    write: (bytes) => {
      if (!outgoing.headersSent) outgoing.writeHead(200, headers);
      sink.write(bytes);
    },
  };
  const stop = await begin(route, begun);
  outgoing.once("close", stop);
  if (outgoing.destroyed) stop();
  else if (!outgoing.headersSent) outgoing.writeHead(200, headers).flushHeaders();
  return RESPONSE_ALREADY_SENT;
}

async function watchOverStream(route: WatchRoute): Promise<Response> {
  const sink = streamSink();
  const stop = await begin(route, sink);
  sink.onCancel = stop;
  route.signal?.addEventListener("abort", stop, { once: true });
  return new Response(sink.readable, { headers: { "content-type": route.encoding.streamType } });
}

/** Returns what ends the watch. */
async function begin(route: WatchRoute, sink: ByteSink): Promise<() => void> {
  const { operations, collection, call, encoding } = route;
  using held = new DisposableStack();
  const over = { yet: false, release: () => {} };
  const stream = new WatchStream(sink, encoding, collection.resource, () => over.release());
  over.release = () => void (over.yet = true);
  try {
    held.use(await operations.watch(collection, call, stream));
  } catch (error) {
    // That a revision is too old or does not come is an event of a watch that has begun.
    if (!isReason(error, "Expired", "Timeout")) throw error;
    stream.closed(error);
  }
  const timer = setTimeout(() => stream.closed(), 1000 * (route.timeoutSeconds || serversChoice()));
  held.defer(() => clearTimeout(timer));
  const { whenLost } = route.connection;
  if (whenLost) held.use(whenLost(() => stream.closed()));
  held.defer(route.onEnd);
  const resources = held.move();
  over.release = () => resources.dispose();
  if (over.yet) over.release();
  return over.release;
}

/** Between 30 and 60 minutes, so that the watches of many clients do not end together. Seconds. */
function serversChoice(): number {
  return 60 * leastMinutes * (1 + Math.random());
}
