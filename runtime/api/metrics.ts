/** `/metrics`: what the API server counts, under upstream's names. */
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Store } from "../store/store.ts";
import { type ObserveWebhook, webhookMetrics } from "./admission/webhooks/webhook_metrics.ts";
import type { AuditCounts } from "./audit/mod.ts";
import type { WatchCache } from "./cache/mod.ts";
import type { FlowControl, FlowObserver } from "./flow_control/flow_control.ts";
import { flowMetrics } from "./flow_control/flow_metrics.ts";
import type { Exchange } from "./http/exchange.ts";
import { kindMetrics } from "./kind_metrics.ts";
import { processMetrics } from "./process_metrics.ts";
import type { ResourceRegistry } from "./resource_registry.ts";

export interface RequestLabels {
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly scope: string;
}

export interface ApiMetrics {
  readonly flow: FlowObserver;
  readonly webhook: ObserveWebhook;
  /** A request has come; call what is returned when it is answered. */
  enter(method: string): () => void;
  /** `seconds` absent: a watch, whose length says nothing. */
  request(labels: RequestLabels, code: number, seconds?: number): void;
  text(): Promise<{ text: string; contentType: string }>;
}

const labelNames = ["verb", "group", "version", "resource", "subresource", "scope"] as const;
const latencies = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];

export interface Measured {
  readonly cache: WatchCache;
  readonly resources: Pick<ResourceRegistry, "all">;
  readonly store: Pick<Store, "size">;
  readonly audit?: AuditCounts;
  /** Asked at every scrape. */
  readonly flow: () => FlowControl;
}

export function apiMetrics({ cache, resources, store, audit, flow }: Measured): ApiMetrics {
  const registry = new Registry();
  const registers = [registry];
  processMetrics(registry);
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
  const inFlight = { mutating: 0, readOnly: 0 };
  new Gauge({
    name: "apiserver_current_inflight_requests",
    help: "Requests that are answered now, per request kind; watches are not among them.",
    labelNames: ["request_kind"],
    registers,
    collect() {
      for (const [request_kind, count] of Object.entries(inFlight)) this.set({ request_kind }, count);
    },
  });
  audit?.register(registry);
  kindMetrics(registry, { cache, resources });
  new Gauge({
    name: "apiserver_storage_size_bytes",
    help: "Size of the storage database file physically allocated in bytes.",
    labelNames: ["storage_cluster_id"],
    registers,
    async collect() {
      // A store that is away has no size to tell; the other figures are told all the same.
      const size = await store.size().catch(() => undefined);
      if (size !== undefined) this.set({ storage_cluster_id: "storage-0" }, size);
    },
  });
  return {
    flow: flowMetrics(registry, flow),
    webhook: webhookMetrics(registry),
    enter(method) {
      const kind = method === "GET" || method === "HEAD" ? "readOnly" : "mutating";
      inFlight[kind]++;
      return () => void inFlight[kind]--;
    },
    request(labels, code, seconds) {
      requests.inc({ ...labels, code });
      if (seconds !== undefined) durations.observe({ ...labels }, seconds);
    },
    async text() {
      return { text: await registry.metrics(), contentType: registry.contentType };
    },
  };
}

const scopes = { name: "resource", namespace: "namespace", all: "cluster" } as const;

/** Counts each request when it has been answered. */
export function exchangeObserver(metrics: ApiMetrics) {
  return ({ verb, path, resource }: Exchange, code: number, seconds: number) => {
    const { group, version, plural, subresource, name, namespace } = path;
    const scope = name ? scopes.name : namespace && resource.namespaced ? scopes.namespace : scopes.all;
    const labels = { verb: verb.toUpperCase(), group, version, resource: plural, subresource, scope };
    metrics.request(labels, code, verb === "watch" ? undefined : seconds);
  };
}
