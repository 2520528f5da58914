/**
 * One watcher of one resource: which changes it sees, and as what.
 *
 * Laws: events come in revision order; an object that stops matching is DELETED for this watcher, one that starts
 * matching is ADDED; `closed` is the last call and comes once.
 */
import type { StatusError, Stored } from "../../schema/mod.ts";
import type { CacheEvent, EventType } from "./cache_event.ts";
import type { ObjectRevision } from "./object_revision.ts";

/** Where a watcher's events go. None of its methods throws or waits. */
export interface WatchSink {
  event(type: EventType, object: ObjectRevision, event?: CacheEvent): void;
  /** `initialEnd`: all initial objects have been sent (KEP-3157). */
  bookmark(revision: number, initialEnd: boolean): void;
  /** The server ends the watch, with an error or because its time is over. */
  closed(error?: StatusError): void;
}

export interface Selection {
  /** `namespace/`, or empty for all. */
  readonly folder: string;
  /** Absent: every object. */
  readonly matches?: (object: Stored) => boolean;
}

export class Subscription {
  constructor(
    readonly selection: Selection,
    readonly sink: WatchSink,
    readonly bookmarks: boolean,
  ) {}

  /** Whether it was an event to this watcher. */
  deliver(event: CacheEvent): boolean {
    const { folder, matches } = this.selection;
    if (folder !== "" && !event.current.path.startsWith(folder)) return false;
    const is = event.type !== "DELETED" && (!matches || matches(event.current.object));
    const was = event.previous !== undefined && (!matches || matches(event.previous.object));
    if (is) this.sink.event(was ? "MODIFIED" : "ADDED", event.current, event);
    else if (was) this.sink.event("DELETED", event.departed, event);
    return is || was;
  }
}
