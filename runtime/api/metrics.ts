/** `/metrics`: what the API server counts, under upstream's names. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { WatchCache } from "./cache/mod.ts";

export interface RequestLabels {
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly scope: string;
}

export interface ApiMetrics {
  /** `seconds` absent: a watch, whose length says nothing. */
  request(labels: RequestLabels, code: number, seconds?: number): void;
  text(): Promise<{ text: string; contentType: string }>;
}

const labelNames = ["verb", "group", "version", "resource", "subresource", "scope"] as const;
const latencies = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];

export function apiMetrics(cache: WatchCache): ApiMetrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const requests = new Counter({
    name: "apiserver_request_total",
    help: "Counter of apiserver requests broken out for each verb, group, version, resource, scope and HTTP code.",
    labelNames: [...labelNames, "code"],
    registers,
  });
  const durations = new Histogram({
    name: "apiserver_request_duration_seconds",
    help: "Response latency distribution in seconds for each verb, group, version, resource, subresource and scope.",
    labelNames,
    buckets: latencies,
    registers,
  });
  new Gauge({
    name: "apiserver_longrunning_requests",
    help: "Gauge of all active watches.",
    registers,
    collect() {
      this.set(cache.watchers());
    },
  });
  new Gauge({
    name: "apiserver_storage_objects",
    help: "Number of stored objects at the time of last check split by kind.",
    labelNames: ["resource"],
    registers,
    collect() {
      for (const { prefix, size } of cache.resources()) this.set({ resource: prefix.replace("/registry/", "") }, size);
    },
  });
  return {
    request(labels, code, seconds) {
      requests.inc({ ...labels, code });
      if (seconds !== undefined) durations.observe({ ...labels }, seconds);
    },
    async text() {
      return { text: await registry.metrics(), contentType: registry.contentType };
    },
  };
}
