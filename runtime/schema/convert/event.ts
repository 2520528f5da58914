/** Events of the core group and of events.k8s.io: one object under two sets of names. */
import type { KubeObject } from "../object.ts";
import { type Names, renamed, reversed } from "./fields.ts";

const names: Names = [
  ["involvedObject", "regarding"],
  ["message", "note"],
  ["source", "deprecatedSource"],
  ["firstTimestamp", "deprecatedFirstTimestamp"],
  ["lastTimestamp", "deprecatedLastTimestamp"],
  ["count", "deprecatedCount"],
  ["reportingComponent", "reportingController"],
];

export function eventFromV1(event: KubeObject): KubeObject {
  return renamed(event, names);
}

export function eventToV1(event: KubeObject): KubeObject {
  return renamed(event, reversed(names));
}
