/** Flow control in `/metrics`, under upstream's names. */
import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { FlowControl, FlowObserver } from "./flow_control.ts";
import type { Level } from "./level.ts";
import type { Tally } from "./tally.ts";

const prefix = "apiserver_flowcontrol_";
const both = ["priority_level", "flow_schema"] as const;
const seconds = [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30];

interface TallyMetric {
  readonly name: string;
  readonly help: string;
  readonly type: typeof Counter | typeof Gauge;
  readonly value: (tally: Tally) => number;
}

const tallied: readonly TallyMetric[] = [
  {
    name: "dispatched_requests_total",
    help: "Number of requests executed by the API Priority and Fairness subsystem.",
    type: Counter,
    value: ({ dispatched }) => dispatched,
  },
  {
    name: "current_inqueue_requests",
    help: "Number of requests currently pending in queues.",
    type: Gauge,
    value: ({ waiting }) => waiting,
  },
  {
    name: "current_executing_requests",
    help: "Number of requests in the initial (for a watch) or any (for a non-watch) stage of execution.",
    type: Gauge,
    value: ({ executing }) => executing,
  },
  {
    name: "current_executing_seats",
    help: "Concurrency (number of seats) occupied by the currently executing requests.",
    type: Gauge,
    value: ({ seats }) => seats,
  },
];

interface LevelMetric {
  readonly name: string;
  readonly help: string;
  /** `total`: most that all levels together may use. */
  readonly value: (level: Level, total: number) => number;
}

const ownSeats = ({ limits: { seats = 0 } }: Level) => seats;

const ofLevels: readonly LevelMetric[] = [
  { name: "nominal_limit_seats", help: "Nominal number of execution seats of each priority level.", value: ownSeats },
  {
    name: "lower_limit_seats",
    help: "Lower bound on the number of execution seats available to each priority level.",
    value: (level) => ownSeats(level) - Math.floor(ownSeats(level) * level.limits.lendable / 100),
  },
  {
    name: "upper_limit_seats",
    help: "Upper bound on the number of execution seats available to each priority level.",
    value: (level, total) => Math.min(total, ownSeats(level) + (level.limits.borrows ?? total)),
  },
  {
    name: "current_limit_seats",
    help: "Number of execution seats available to each priority level now, with what others lend.",
    value: (level) => level.limit ?? 0,
  },
];

/** Returns who is told of waits and executions; `flow` is asked at every scrape. */
export function flowMetrics(registry: Registry, flow: () => FlowControl): FlowObserver {
  const registers = [registry];
  for (const { name, help, type: Metric, value } of tallied) {
    new Metric({
      ...{ name: prefix + name, help, labelNames: both, registers },
      collect() {
        this.reset();
        for (const one of flow().tallies()) this.inc(labelsOf(one), value(one));
      },
    });
  }
  new Counter({
    name: `${prefix}rejected_requests_total`,
    help: "Number of requests rejected by the API Priority and Fairness subsystem.",
    labelNames: [...both, "reason"],
    registers,
    collect() {
      this.reset();
      for (const one of flow().tallies()) {
        for (const [reason, count] of one.rejected) this.inc({ ...labelsOf(one), reason }, count);
      }
    },
  });
  for (const { name, help, value } of ofLevels) {
    new Gauge({
      ...{ name: prefix + name, help, labelNames: ["priority_level"], registers },
      collect() {
        this.reset();
        for (const { name, level } of flow().levels()) this.set({ priority_level: name }, value(level, flow().seats));
      },
    });
  }
  return durations(registers);
}

function labelsOf({ schema, level }: Pick<Tally, "schema" | "level">) {
  return { priority_level: level, flow_schema: schema };
}

function durations(registers: Registry[]): FlowObserver {
  const wait = new Histogram({
    name: `${prefix}request_wait_duration_seconds`,
    help: "Length of time a request spent waiting in its queue.",
    labelNames: [...both, "execute"],
    ...{ buckets: seconds, registers },
  });
  const execution = new Histogram({
    name: `${prefix}request_execution_seconds`,
    help: "Duration of initial stage (for a watch) or any (for a non-watch) stage of request execution.",
    labelNames: [...both, "type"],
    ...{ buckets: seconds, registers },
  });
  return {
    waited: (schema, level, execute, spent) =>
      wait.observe({ ...labelsOf({ schema, level }), execute: String(execute) }, spent),
    executed: (schema, level, type, spent) => execution.observe({ ...labelsOf({ schema, level }), type }, spent),
  };
}
