/**
 * Audit events to a server of somebody else's, as audit.k8s.io/v1 EventLists: in batches behind the requests, or one by one before
 * their answers.
 *
 * Laws: events leave in the order they came; what the server cannot take now is said again, later each time, and given up after
 * `attempts`; no more than `bufferSize` events wait, and what comes then is lost; every event is sent or counted as lost.
 *
 * Source: https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/#webhook-backend
 */
import type { Clock } from "../../loop/controller.ts";
import { jittered, sleep } from "../../loop/mod.ts";
import type { AuditSink } from "./sink.ts";
import { inBatches, shortened, type SizeLimits } from "./truncation.ts";

export interface WebhookSinkOptions {
  /** Posts a body and answers with the status code; rejects when there is none. */
  readonly post: (body: string) => Promise<number>;
  readonly mode: "batch" | "blocking";
  /** Events that wait. */
  readonly bufferSize: number;
  /** Events in one request. */
  readonly maxBatchSize: number;
  /** How long an event waits for others. */
  readonly maxWaitMs: number;
  /** Requests a second, and how many at once after a rest; absent: no limit. */
  readonly throttle?: { readonly qps: number; readonly burst: number };
  readonly initialBackoffMs: number;
  /** Absent: events are as large as they are. */
  readonly truncate?: SizeLimits;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly onLost: (events: number, error: Error) => void;
}

const attempts = 5;
const growth = 1.5;

export function auditWebhook(options: WebhookSinkOptions): AuditSink {
  return options.mode === "batch" ? new Batches(options) : new OneByOne(options);
}

class OneByOne implements AuditSink {
  readonly #stop = new AbortController();
  readonly #underway = new Set<Promise<void>>();

  constructor(private readonly options: WebhookSinkOptions) {}

  write(event: object): Promise<void> {
    const sent = deliver(this.options, [event], this.#stop.signal);
    this.#underway.add(sent);
    return sent.finally(() => this.#underway.delete(sent));
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#underway);
  }
}

class Batches implements AuditSink {
  readonly #waiting: object[] = [];
  readonly #stop = new AbortController();
  readonly #pace: Pace;
  #filled = Promise.withResolvers<void>();
  #timer?: Disposable;
  #running?: Promise<void>;

  constructor(private readonly options: WebhookSinkOptions) {
    this.#pace = new Pace(options);
  }

  write(event: object): void {
    const { bufferSize, maxBatchSize, maxWaitMs, clock, onLost } = this.options;
    if (this.#waiting.length >= bufferSize) return onLost(1, new Error(`${bufferSize} events wait already`));
    this.#waiting.push(event);
    if (this.#waiting.length >= maxBatchSize) this.#filled.resolve();
    this.#timer ??= clock.after(maxWaitMs, () => this.#filled.resolve());
    this.#running ??= this.#run();
  }

  /** What waits is sent at once, and tried once. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#filled.resolve();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { maxBatchSize } = this.options;
    while (this.#waiting.length > 0) {
      if (this.#waiting.length < maxBatchSize) await this.#filled.promise;
      const batch = this.#waiting.splice(0, maxBatchSize);
      this.#rearm();
      await this.#pace.turn(this.#stop.signal);
      await deliver(this.options, batch, this.#stop.signal);
    }
    this.#running = undefined;
  }

  /** What is left begins to wait now. */
  #rearm(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    if (this.#stop.signal.aborted) return;
    this.#filled = Promise.withResolvers();
    if (this.#waiting.length === 0) return;
    this.#timer = this.options.clock.after(this.options.maxWaitMs, () => this.#filled.resolve());
  }
}

/** A bucket that fills with `qps` turns a second, up to `burst`. */
class Pace {
  #turns: number;
  #filledAt: number;

  constructor(private readonly options: WebhookSinkOptions) {
    this.#turns = options.throttle?.burst ?? 0;
    this.#filledAt = options.clock.now();
  }

  async turn(signal: AbortSignal): Promise<void> {
    const { throttle, clock } = this.options;
    if (!throttle) return;
    this.#fill(throttle);
    if (this.#turns < 1) await sleep(clock, (1 - this.#turns) / throttle.qps * 1000, signal);
    this.#fill(throttle);
    this.#turns--;
  }

  #fill({ qps, burst }: { qps: number; burst: number }): void {
    const now = this.options.clock.now();
    this.#turns = Math.min(burst, this.#turns + (now - this.#filledAt) / 1000 * qps);
    this.#filledAt = now;
  }
}

/** Never rejects: what cannot be sent is counted. */
async function deliver(options: WebhookSinkOptions, events: readonly object[], stop: AbortSignal): Promise<void> {
  const { truncate, onLost } = options;
  const small = truncate ? events.flatMap((event) => shortened(event, truncate) ?? []) : events;
  const tooLarge = events.length - small.length;
  if (tooLarge > 0) onLost(tooLarge, new Error("an event is larger than is allowed"));
  for (const batch of truncate ? inBatches(small, truncate) : [small]) {
    if (batch.length === 0) continue;
    const error = await posted(options, batch, stop);
    if (error) onLost(batch.length, error);
  }
}

/** Why it was given up, if it was. */
async function posted(options: WebhookSinkOptions, items: readonly object[], stop: AbortSignal) {
  const { post, initialBackoffMs, clock, random } = options;
  const body = JSON.stringify({ kind: "EventList", apiVersion: "audit.k8s.io/v1", metadata: {}, items });
  for (let attempt = 1;; attempt++) {
    const { error, again } = await outcome(post(body));
    if (!error) return undefined;
    if (!again || attempt === attempts || stop.aborted) return error;
    await sleep(clock, jittered(initialBackoffMs * growth ** (attempt - 1), random), stop);
  }
}

/** A server that is away, busy or broken may be well later; one that refuses will refuse again. */
async function outcome(answer: Promise<number>): Promise<{ error?: Error; again?: boolean }> {
  try {
    const code = await answer;
    if (code >= 200 && code < 300) return {};
    return { error: new Error(`the server answered with status ${code}`), again: code === 429 || code >= 500 };
  } catch (error) {
    return { error: error as Error, again: true };
  }
}
