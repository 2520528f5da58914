/** One figure of one subject, and what it is read from. Types only. */
import type { DiskReading } from "../../node/disk_meter.ts";
import type { Family, Sample } from "../metric_text.ts";
import type { Subject } from "./subjects.ts";

export interface Figure extends Family, Sample {}

export interface Reading {
  readonly subject: Subject;
  readonly disk: DiskReading;
  /** Names of block devices by `MAJOR:MINOR`. */
  readonly devices: ReadonlyMap<string, string>;
  /** Milliseconds since the epoch. */
  readonly at: number;
}
