import assert from "node:assert/strict";
import fc from "fast-check";
import { planCron } from "../../controllers/cronjob/plan.ts";
import { parseSchedule } from "../../controllers/cronjob/schedule.ts";
import { startMs } from "./sample.ts";

const minuteMs = 60_000;

/** Looks at every minute, one after another. */
function naiveDue(fits: (at: Date) => boolean, after: number, now: number): number | undefined {
  let last: number | undefined;
  for (let at = Math.ceil((after + 1) / minuteMs) * minuteMs; at <= now; at += minuteMs) {
    if (fits(new Date(at))) last = at;
  }
  return last;
}

Deno.test("of the times that were missed the latest is found, as by looking at every minute", () => {
  const schedules: [string, (at: Date) => boolean][] = [
    ["*/7 * * * *", (at) => at.getUTCMinutes() % 7 === 0],
    ["5/20 3-6 * * *", (at) => at.getUTCMinutes() % 20 === 5 && at.getUTCHours() >= 3 && at.getUTCHours() <= 6],
    [
      "0 0 1 * MON",
      (at) => at.getUTCMinutes() + at.getUTCHours() === 0 && (at.getUTCDate() === 1 || at.getUTCDay() === 1),
    ],
    ["@daily", (at) => at.getUTCMinutes() + at.getUTCHours() === 0],
  ];
  const times = fc.record({ after: fc.nat(3 * 1440 * minuteMs), passed: fc.nat(2 * 1440 * minuteMs) });
  fc.assert(
    fc.property(fc.constantFrom(...schedules), times, ([text, fits], { after, passed }) => {
      const from = startMs + after, now = from + passed;
      assert.equal(parseSchedule(text, "UTC").due(from, now), naiveDue(fits, from, now));
    }),
    { numRuns: 60 },
  );
});

Deno.test("a schedule follows its time zone, and what cannot be read throws", () => {
  const summer = Date.parse("2026-07-01T00:00:00Z");
  assert.equal(parseSchedule("0 9 * * *", "Europe/Berlin").next(0, summer), Date.parse("2026-07-01T07:00:00Z"));
  assert.equal(parseSchedule("@every 1h30m").next(summer, summer + 1), summer + 90 * minuteMs);
  for (const bad of ["61 * * * *", "@every soon", "* * * *", "@fortnightly"]) assert.throws(() => parseSchedule(bad));
});

function sampleCron(spec: object, lastScheduleTime?: string) {
  return {
    metadata: { name: "c", uid: "u", resourceVersion: "1", creationTimestamp: new Date(startMs).toISOString() },
    spec: { schedule: "* * * * *", jobTemplate: {}, ...spec },
    status: lastScheduleTime ? { lastScheduleTime } : undefined,
  } as never;
}

function sampleJob(name: string, at: number) {
  const annotations = { "batch.kubernetes.io/cronjob-scheduled-timestamp": new Date(at).toISOString() };
  const creationTimestamp = new Date(at).toISOString();
  return { metadata: { name, uid: name, resourceVersion: "1", creationTimestamp, annotations } } as never;
}

Deno.test("Forbid waits for what runs, Replace makes it go, Allow runs both; a deadline gives up what is too old", () => {
  const schedule = parseSchedule("* * * * *", "UTC");
  const now = startMs + 5 * minuteMs + 30_000;
  const jobs = [sampleJob("one", startMs + 4 * minuteMs)];
  const plan = (spec: object) => planCron({ cronJob: sampleCron(spec), jobs, schedule, now });
  assert.equal(plan({ concurrencyPolicy: "Forbid" }).start, undefined);
  assert.equal(plan({ concurrencyPolicy: "Forbid" }).said[0]?.reason, "JobAlreadyActive");
  assert.equal(plan({ concurrencyPolicy: "Allow" }).start, startMs + 5 * minuteMs);
  assert.deepEqual(plan({ concurrencyPolicy: "Replace" }).replace, jobs);
  assert.equal(plan({ startingDeadlineSeconds: 10 }).start, undefined);
  assert.equal(plan({ startingDeadlineSeconds: 10 }).said[0]?.reason, "MissSchedule");
  assert.equal(plan({ startingDeadlineSeconds: 40 }).start, startMs + 5 * minuteMs);
  assert.equal(plan({}).waitMs, 30_000);
});
