/**
 * Writes `v1` Events, as people read them with `kubectl describe`.
 *
 * Laws: repeats of one event become a count in one Event; writing never fails or delays the caller; one object cannot
 * flood the server (a budget of 25, one more every five minutes, as client-go has it); memory is bounded.
 */
import type { Logger } from "@logtape/logtape";
import { Event, isReason, type Kind, type KubeObject } from "../schema/mod.ts";
import type { Client } from "./client.ts";
import type { Clock, EventOptions, Recorder } from "./controller.ts";

export interface RecorderOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly source: { readonly component: string; readonly host?: string };
}

interface Series {
  readonly namespace: string;
  readonly name: string;
  readonly body: KubeObject;
  readonly firstAt: string;
  lastAt: string;
  count: number;
  /** Count that the server has; 0: the Event is not there yet. */
  written: number;
  writing: boolean;
}

interface Budget {
  left: number;
  at: number;
}

/** Our bodies are built as plain objects. */
const eventKind = Event as Kind<unknown> as Kind<KubeObject>;

const budgetSize = 25;
const budgetRefillMs = 300_000;
/** Series and budgets that are remembered; the oldest goes first. */
const remembered = 4096;

export function eventRecorder(options: RecorderOptions): Recorder {
  const all = new Map<string, Series>();
  const budgets = new Map<string, Budget>();
  return {
    event(about, type, reason, message, { fieldPath, component }: EventOptions = {}) {
      if (!spend(budgets, about.metadata?.uid ?? "", options.clock.now())) return;
      const id = JSON.stringify([
        about.metadata?.uid,
        about.kind,
        about.metadata?.name,
        type,
        reason,
        message,
        fieldPath,
        component,
      ]);
      const now = new Date(options.clock.now()).toISOString().slice(0, 19) + "Z";
      const series = all.get(id) ?? begin(options, about, { type, reason, message, fieldPath, component }, now);
      keep(all, id, series);
      series.count++;
      series.lastAt = now;
      write(options, series);
    },
  };
}

function begin(
  { clock, random, source: own }: RecorderOptions,
  about: KubeObject,
  said: { type: string; reason: string; message: string } & EventOptions,
  firstAt: string,
): Series {
  const { apiVersion, kind, metadata: { name = "", namespace, uid, resourceVersion } = {} } = about;
  const { fieldPath, component = own.component, ...words } = said;
  const source = { ...own, component };
  const unique = (clock.now() * 1e6 + Math.floor(random() * 1e6)).toString(16);
  return {
    namespace: namespace ?? "default",
    name: `${name}.${unique}`,
    firstAt,
    lastAt: firstAt,
    count: 0,
    written: 0,
    writing: false,
    body: {
      apiVersion: "v1",
      kind: "Event",
      involvedObject: { kind, namespace, name, uid, apiVersion, resourceVersion, fieldPath },
      ...words,
      source,
      reportingComponent: source.component,
      reportingInstance: source.host ?? "",
    },
  };
}

/** One write of a series is in flight; what is counted meanwhile goes out with the next. */
async function write(options: RecorderOptions, series: Series): Promise<void> {
  if (series.writing) return;
  series.writing = true;
  try {
    while (series.written < series.count) {
      const { count } = series;
      await send(options.client, series);
      series.written = count;
    }
  } catch (error) {
    options.log.debug("an event could not be written", { event: series.name, error });
  } finally {
    series.writing = false;
  }
}

async function send(client: Client, series: Series): Promise<void> {
  const { namespace, name, count, lastAt } = series;
  if (series.written > 0) {
    const body = { count, lastTimestamp: lastAt };
    try {
      await client.patch(eventKind, { namespace, name }, { type: "merge", body });
      return;
    } catch (error) {
      // Events live an hour; a series may outlive its Event.
      if (!isReason(error, "NotFound")) throw error;
    }
  }
  const times = { firstTimestamp: series.firstAt, lastTimestamp: lastAt, count };
  const object = { ...series.body, metadata: { name, namespace }, ...times };
  await client.create<KubeObject>(eventKind, object);
}

function spend(budgets: Map<string, Budget>, uid: string, now: number): boolean {
  const budget = budgets.get(uid) ?? { left: budgetSize, at: now };
  const refill = Math.floor((now - budget.at) / budgetRefillMs);
  budget.left = Math.min(budgetSize, budget.left + refill);
  budget.at += refill * budgetRefillMs;
  keep(budgets, uid, budget);
  if (budget.left === 0) return false;
  budget.left--;
  return true;
}

/** Most recently used last. */
function keep<V>(map: Map<string, V>, id: string, value: V): void {
  map.delete(id);
  map.set(id, value);
  if (map.size > remembered) map.delete(map.keys().next().value!);
}
