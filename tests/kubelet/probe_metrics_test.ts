/** What `/metrics/probes` tells of probes that were really asked. */
import assert from "node:assert/strict";
import { Probes } from "../../controllers/kubelet/probes/probes.ts";
import { probeMetrics } from "../../controllers/kubelet/server/probe_metrics.ts";
import type { Agent } from "../../controllers/kubelet/sync/agent.ts";
import { VirtualClock } from "../support/virtual_clock.ts";
import { noon, observedOf, podOf } from "./pods.ts";

Deno.test("each answer of a probe is counted by what it was, for as long as its container runs", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const clock = new VirtualClock(noon);
  let changed = Promise.withResolvers<void>();
  const onChange = () => changed.resolve();
  const recorder = { event: () => {} };
  const probes = new Probes({ engine: undefined as never, clock, random: () => 0, recorder, onChange });
  const readinessProbe = { tcpSocket: { port: listener.addr.port }, failureThreshold: 1, periodSeconds: 10 };
  const pod = podOf({ containers: [{ name: "c", image: "i", readinessProbe }] });
  const running = observedOf("c", "running");
  const lines = () =>
    probeMetrics({ probes } as Agent).split("\n").filter((line) => line.startsWith("prober_probe_total"));
  const line = (result: string, count: number) =>
    `prober_probe_total{container="c",namespace="default",pod="web",pod_uid="u1",probe_type="Readiness",` +
    `result="${result}"} ${count}`;

  probes.sync(pod, [running], ["127.0.0.1"]);
  await clock.advance(0);
  await changed.promise;
  assert.deepEqual(lines(), [line("successful", 1)]);
  listener.close();
  changed = Promise.withResolvers();
  await clock.advance(10_000);
  await changed.promise;
  assert.deepEqual(lines(), [line("successful", 1), line("failed", 1)]);
  const took = probeMetrics({ probes } as Agent).split("\n");
  const labels = 'container="c",namespace="default",pod="web",probe_type="Readiness"';
  assert.ok(took.includes(`prober_probe_duration_seconds_count{${labels}} 2`));
  assert.ok(took.includes(`prober_probe_duration_seconds_bucket{container="c",le="+Inf",${labels.slice(14)}} 2`));
  probes.sync(pod, [], []);
  assert.deepEqual(lines(), []);
});
