/** Events, which both groups hold as one kind: what is said of them is said in the words of the core group. */
import type { IEvent } from "kubernetes-models/v1/Event";
import { qualifiedName } from "./names.ts";
import type { Report } from "./report.ts";

/** Those about cluster-scoped objects live in `default`, new ones in `kube-system` too. */
export function validateEvent(event: Omit<IEvent, "apiVersion" | "kind">, report: Report): void {
  const { metadata, involvedObject, eventTime } = event;
  const about = involvedObject?.namespace ?? "";
  const home = metadata?.namespace ?? "";
  const homeless = eventTime ? ["", "default", "kube-system"] : ["", "default"];
  const fits = about === "" ? homeless.includes(home) : eventTime || about === home;
  if (!fits) report.at("involvedObject", "namespace").invalid(about, "does not match event.namespace");
  if (eventTime) validateSource(event, "reportingComponent", report);
}

type Sources = "reportingComponent" | "reportingController";
type Said = Partial<Record<Sources | "reportingInstance" | "action" | "reason" | "message" | "note", string>>;

/** Who says what: an event with a time of its own must tell. */
function validateSource(event: Said, source: Sources, report: Report): void {
  const name = event[source] ?? "";
  if (!name) report.at(source).required();
  report.at(source).named(name, qualifiedName);
  for (const field of ["reportingInstance", "action", "reason"] as const) {
    const text = event[field] ?? "";
    if (!text) report.at(field).required();
    bounded(text, 128, report.at(field));
  }
  bounded(event.message ?? event.note ?? "", 1024, report.at("message"));
}

/** Values are never shown: an event says long things. */
function bounded(text: string, most: number, report: Report): void {
  if (text.length > most) report.invalid("", `can have at most ${most} characters`);
}

interface NewEvent extends Said {
  readonly eventTime?: string | null;
  readonly type?: string;
  readonly series?: { readonly count?: number; readonly lastObservedTime?: string | null };
  readonly deprecatedFirstTimestamp?: string | null;
  readonly deprecatedLastTimestamp?: string | null;
  readonly deprecatedCount?: number;
  readonly deprecatedSource?: { readonly component?: string; readonly host?: string };
}

/** Through events.k8s.io/v1 an Event must say more than through v1. */
export function validateNewEvent(event: NewEvent, report: Report): void {
  if (!event.eventTime) report.at("eventTime").required();
  else validateSource(event, "reportingController", report);
  const { type, series, deprecatedSource: source } = event;
  if (type !== "Normal" && type !== "Warning") report.at("type").invalid("", `has invalid value: ${type ?? ""}`);
  if (series && (series.count ?? 0) < 2) report.at("series", "count").invalid("", "should be at least 2");
  if (series && !series.lastObservedTime) report.at("series", "lastObservedTime").required();
  const unset = (field: string, given: unknown) => given && report.at(field).invalid("", "needs to be unset");
  unset("firstTimestamp", event.deprecatedFirstTimestamp);
  unset("lastTimestamp", event.deprecatedLastTimestamp);
  unset("count", event.deprecatedCount);
  unset("source", source?.component || source?.host);
}
