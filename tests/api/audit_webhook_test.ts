import assert from "node:assert/strict";
import { auditWebhook, type WebhookSinkOptions } from "../../runtime/api/audit/mod.ts";
import { VirtualClock } from "../support/virtual_clock.ts";

interface Audience {
  readonly clock: VirtualClock;
  /** The `n` of the events of each request that came. */
  readonly requests: number[][];
  readonly lost: number[];
  /** Status codes of the answers to come; then 200. A string: no answer. */
  readonly answers: (number | string)[];
  readonly options: WebhookSinkOptions;
}

function audience(more: Partial<WebhookSinkOptions> = {}): Audience {
  const clock = new VirtualClock();
  const [requests, lost, answers]: [number[][], number[], (number | string)[]] = [[], [], []];
  const options: WebhookSinkOptions = {
    mode: "batch",
    bufferSize: 10,
    maxBatchSize: 4,
    maxWaitMs: 30_000,
    initialBackoffMs: 10_000,
    clock,
    random: () => 1,
    onLost: (events) => void lost.push(events),
    post(body) {
      const { kind, apiVersion, items } = JSON.parse(body);
      assert.deepEqual([kind, apiVersion], ["EventList", "audit.k8s.io/v1"]);
      requests.push(items.map(({ n }: { n: number }) => n));
      const answer = answers.shift() ?? 200;
      return typeof answer === "string" ? Promise.reject(new Error(answer)) : Promise.resolve(answer);
    },
    ...more,
  };
  return { clock, requests, lost, answers, options };
}

const events = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => ({ n: from + at }));

Deno.test("events go in batches, when one is full or the first of them has waited long enough, in order", async () => {
  const { clock, requests, options } = audience();
  const sink = auditWebhook(options);
  for (const event of events(1, 6)) sink.write(event);
  await clock.advance(0);
  assert.deepEqual(requests, [[1, 2, 3, 4]]);
  await clock.advance(29_000);
  sink.write({ n: 7 });
  assert.deepEqual(requests, [[1, 2, 3, 4]]);
  await clock.advance(1_000);
  assert.deepEqual(requests, [[1, 2, 3, 4], [5, 6, 7]]);
  sink.write({ n: 8 });
  await sink.close();
  assert.deepEqual(requests.at(-1), [8]);
});

Deno.test("what a server cannot take is sent again, later each time, and lost after five; a refusal is not repeated", async () => {
  const { clock, requests, lost, answers, options } = audience({ maxBatchSize: 1 });
  const sink = auditWebhook(options);
  answers.push("connection refused", 503, 429);
  sink.write({ n: 1 });
  await clock.advance(10_000);
  await clock.advance(15_000);
  assert.equal(requests.length, 3);
  await clock.advance(22_500);
  assert.deepEqual([requests, lost], [[[1], [1], [1], [1]], []]);
  answers.push(500, 500, 500, 500, 500);
  sink.write({ n: 2 });
  await clock.advance(200_000);
  assert.deepEqual([requests.length, lost], [9, [1]]);
  answers.push(400);
  sink.write({ n: 3 });
  sink.write({ n: 4 });
  await clock.advance(0);
  assert.deepEqual([requests.slice(9), lost], [[[3], [4]], [1, 1]]);
});

Deno.test("no more events wait than there is room for, and each that is lost is counted", async () => {
  const { clock, requests, lost, answers, options } = audience();
  const sink = auditWebhook(options);
  answers.push("away", "away", "away", "away", "away");
  for (const event of events(1, 4)) sink.write(event);
  await clock.advance(0);
  for (const event of events(5, 20)) sink.write(event);
  assert.deepEqual(lost, new Array(6).fill(1));
  await sink.close();
  assert.deepEqual(requests, [[1, 2, 3, 4], [1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12], [13, 14]]);
  assert.deepEqual(lost.slice(6), [4, 4, 4, 2], "who closes does not wait for a server that is away");
});

Deno.test("requests keep to the rate that is allowed", async () => {
  const { clock, requests, options } = audience({ maxBatchSize: 1, throttle: { qps: 2, burst: 3 } });
  const sink = auditWebhook(options);
  for (const event of events(1, 10)) sink.write(event);
  await clock.advance(0);
  assert.equal(requests.length, 3);
  await clock.advance(1_000);
  assert.equal(requests.length, 5);
  await clock.advance(2_500);
  assert.equal(requests.length, 10);
});

Deno.test("an event that is too large goes without its bodies, or not at all; batches keep to their size", async () => {
  const bodies: string[] = [];
  const { lost, options } = audience({
    mode: "blocking",
    truncate: { maxEventBytes: 200, maxBatchBytes: 300 },
    post(body) {
      bodies.push(body);
      return Promise.resolve(200);
    },
  });
  const blocking = auditWebhook(options);
  await blocking.write({ n: 1, requestObject: "x".repeat(500), responseObject: "y", annotations: { a: "b" } });
  assert.deepEqual(JSON.parse(bodies[0]!).items, [{ n: 1, annotations: { a: "b", "audit.k8s.io/truncated": "true" } }]);
  await blocking.write({ n: 2, requestURI: "x".repeat(500) });
  assert.deepEqual([bodies.length, lost], [1, [1]]);
  const batches = auditWebhook({ ...options, mode: "batch" });
  for (let n = 0; n < 4; n++) batches.write({ n, requestURI: "x".repeat(100) });
  await batches.close();
  assert.deepEqual(bodies.slice(1).map((body) => JSON.parse(body).items.length), [2, 2]);
});
