/** The columns of Events in both of their groups; the newer one tells the same under other names. */
import type { IEvent as ICoreEvent } from "kubernetes-models/v1/Event";
import type { IEvent as INewEvent } from "kubernetes-models/events.k8s.io/v1/Event";
import { column, name, type Printer, printer, wide } from "./cell.ts";
import { ageOf } from "./human_duration.ts";

interface Told {
  metadata?: { name?: string };
  type?: string;
  reason?: string;
  object?: { kind?: string; name?: string; fieldPath?: string };
  source?: { component?: string; host?: string };
  message?: string;
  first?: string;
  last?: string;
  count: number;
}

function eventPrinter<T>(tell: (event: T) => Told): Printer {
  return printer<T>(
    column("Last Seen", (event, now) => ageOf(tell(event).last ?? tell(event).first, now)),
    column("Type", (event) => tell(event).type ?? ""),
    column("Reason", (event) => tell(event).reason ?? ""),
    column("Object", (event) => {
      const { kind = "", name = "" } = tell(event).object ?? {};
      return `${kind.toLowerCase()}/${name}`;
    }),
    wide("Subobject", (event) => tell(event).object?.fieldPath ?? ""),
    wide("Source", (event) => {
      const { component, host } = tell(event).source ?? {};
      return [component, host].filter((part) => part).join(", ");
    }),
    column("Message", (event) => (tell(event).message ?? "").trim()),
    wide("First Seen", (event, now) => ageOf(tell(event).first ?? tell(event).last, now)),
    wide("Count", (event) => tell(event).count),
    { ...name, priority: 1, cell: (event) => tell(event).metadata?.name ?? "" },
  );
}

export const coreEvents: Printer = eventPrinter<ICoreEvent>((event) => ({
  metadata: event.metadata,
  type: event.type,
  reason: event.reason,
  object: event.involvedObject,
  source: {
    component: event.source?.component || event.reportingComponent,
    host: event.source?.host || event.reportingInstance,
  },
  message: event.message,
  first: event.firstTimestamp ?? event.eventTime,
  last: event.series?.lastObservedTime ?? event.lastTimestamp,
  count: event.series?.count ?? (event.count || 1),
}));

export const newEvents: Printer = eventPrinter<INewEvent>((event) => ({
  metadata: event.metadata,
  type: event.type,
  reason: event.reason,
  object: event.regarding,
  source: {
    component: event.deprecatedSource?.component || event.reportingController,
    host: event.deprecatedSource?.host || event.reportingInstance,
  },
  message: event.note,
  first: event.deprecatedFirstTimestamp ?? event.eventTime,
  last: event.series?.lastObservedTime ?? event.deprecatedLastTimestamp,
  count: event.series?.count ?? (event.deprecatedCount || 1),
}));
