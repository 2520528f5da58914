/**
 * One watch over HTTP: frames into a socket, no more work per watcher than that.
 *
 * Laws: what happens in one turn of the event loop leaves in one write; a watcher that does not read is closed when more
 * than `mostBuffered` bytes wait for it, so that memory stays bounded and fast watchers never wait for slow ones.
 */
import type { ServerResponse } from "node:http";
import type { Resource, StatusError } from "../../schema/mod.ts";
import type { CacheEvent, EventType, ObjectRevision, WatchSink } from "../cache/mod.ts";
import type { Encoding } from "./encodings.ts";
import { concat } from "./json_bytes.ts";

/** Bytes, on top of the initial objects. */
const mostBuffered = 16 * 1024 * 1024;

/** Where the bytes go. */
export interface ByteSink {
  write(bytes: Uint8Array): void;
  /** Bytes that were written and have not left. */
  waiting(): number;
  end(): void;
}

export class WatchStream implements WatchSink {
  #pending: Uint8Array[] = [];
  #first = true;
  #ended = false;
  /** Not counted against a watcher: the initial objects, which it asked for. */
  #allowed = mostBuffered;
  #initial = true;

  constructor(
    private readonly out: ByteSink,
    private readonly encoding: Encoding,
    private readonly resource: Resource,
    private readonly onEnd: () => void,
  ) {}

  event(type: EventType, object: ObjectRevision, event?: CacheEvent): void {
    const { encoding, resource } = this;
    const make = () => encoding.frame(type, object, resource, this.#first);
    const shared = event && !(this.#first && encoding.firstDiffers);
    this.#send(shared ? event.frame(`${encoding.key} ${resource.version} ${type}`, make) : make());
    this.#first = false;
  }

  bookmark(revision: number, initialEnd: boolean): void {
    this.#send(this.encoding.bookmark(revision, initialEnd, this.resource));
  }

  closed(error?: StatusError): void {
    if (this.#ended) return;
    if (error) this.#send(this.encoding.errorFrame(error.toStatus()));
    this.#flush();
    this.#ended = true;
    this.out.end();
    this.onEnd();
  }

  #send(bytes: Uint8Array): void {
    if (this.#ended) return;
    if (this.#pending.push(bytes) === 1) queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    if (this.#ended || this.#pending.length === 0) return;
    const bytes = this.#pending.length === 1 ? this.#pending[0]! : concat(this.#pending);
    this.#pending = [];
    if (this.#initial) this.#allowed += bytes.length;
    this.#initial = false;
    this.out.write(bytes);
    if (this.out.waiting() > this.#allowed) this.closed();
  }
}

/** The raw response of node's HTTP server. */
export function responseSink(outgoing: ServerResponse): ByteSink {
  return {
    write: (bytes) => void outgoing.write(bytes),
    waiting: () => outgoing.writableLength,
    end: () => void outgoing.end(),
  };
}

export interface StreamSink extends ByteSink {
  readonly readable: ReadableStream<Uint8Array>;
  /** Whoever read it has gone. */
  onCancel: () => void;
}

/** A web stream, where no raw response is at hand. */
export function streamSink(): StreamSink {
  let controller: ReadableStreamDefaultController<Uint8Array>;
  const readable = new ReadableStream<Uint8Array>({
    start: (given) => void (controller = given),
    cancel: (): void => sink.onCancel(),
  }, new ByteLengthQueuingStrategy({ highWaterMark: 0 }));
  const sink: StreamSink = {
    onCancel: () => {},
    readable,
    write: (bytes: Uint8Array) => controller.enqueue(bytes),
    waiting: () => -(controller.desiredSize ?? 0),
    end: () => controller.close(),
  };
  return sink;
}
