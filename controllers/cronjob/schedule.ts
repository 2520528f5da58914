/**
 * When a CronJob is due: cron's five fields, `@daily` and its like, `@every 90m`. Pure.
 *
 * Laws: `due(after, now)` is the latest time t of the schedule with after < t <= now; `next(now)` the first t > now.
 *
 * Source: CronJob "Schedule syntax" (https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-syntax).
 */
import { Cron } from "croner";

/** Times are milliseconds since the epoch. */
export interface Schedule {
  /** The latest time that was missed since `after`, or `undefined`. */
  due(after: number, now: number): number | undefined;
  /** `after`: the last time it was due. */
  next(after: number, now: number): number | undefined;
  /** More than `limit` times since `after`. */
  missedMoreThan(limit: number, after: number, now: number): boolean;
}

const shorthands: Record<string, string> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
};

/** Throws when the words mean nothing. Without a time zone the machine's own counts. */
export function parseSchedule(text: string, timezone?: string): Schedule {
  const every = /^@every\s+(.+)$/.exec(text);
  if (every) return everySchedule(durationMs(every[1]!));
  const pattern = (shorthands[text] ?? text).trim().replaceAll("?", "*");
  const options = { paused: true, mode: "5-part", sloppyRanges: true, ...(timezone ? { timezone } : {}) } as const;
  const cron = new Cron(pattern, options);
  return {
    due(after, now) {
      // The search is exclusive and looks at whole seconds.
      const last = cron.previousRuns(1, new Date(Math.floor(now / 1000) * 1000 + 1000))[0]?.getTime();
      return last !== undefined && last > after && last <= now ? last : undefined;
    },
    next: (_after, now) => cron.nextRun(new Date(now))?.getTime(),
    missedMoreThan(limit, after, now) {
      const times = cron.nextRuns(limit + 1, new Date(after));
      return times.length > limit && times[limit]!.getTime() <= now;
    },
  };
}

/** Counts from the last time, or from the making of the CronJob. */
function everySchedule(stepMs: number): Schedule {
  const steps = (after: number, now: number) => Math.max(0, Math.floor((now - after) / stepMs));
  return {
    due: (after, now) => steps(after, now) > 0 ? after + steps(after, now) * stepMs : undefined,
    next: (after, now) => after + (steps(after, now) + 1) * stepMs,
    missedMoreThan: (limit, after, now) => steps(after, now) > limit,
  };
}

const unitsMs: Record<string, number> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

/** `1h30m`, as Go writes durations; whole seconds, one at least. */
function durationMs(text: string): number {
  if (!/^(\d+(\.\d+)?(h|ms|m|s))+$/.test(text)) throw new RangeError(`failed to parse duration ${text}`);
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s)/g)];
  const total = parts.reduce((sum, [, number, unit]) => sum + Number(number) * unitsMs[unit!]!, 0);
  return Math.max(1000, Math.floor(total / 1000) * 1000);
}
