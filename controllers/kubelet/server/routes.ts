/** Plain requests: health, pods, logs, figures. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { specOf } from "../pod/pod.ts";
import type { Agent } from "../sync/agent.ts";
import { cadvisorMetrics } from "./cadvisor/cadvisor_metrics.ts";
import { checkpoint } from "./checkpoint.ts";
import { configz } from "./configz.ts";
import { kubeletMetrics } from "./kubelet_metrics.ts";
import { writeLogs } from "./logs.ts";
import { metricText } from "./metric_text.ts";
import { probeMetrics } from "./probe_metrics.ts";
import { runCommand } from "./run_command.ts";
import { resourceMetrics } from "./resource_metrics.ts";
import { statsSummary } from "./stats_summary.ts";
import { systemLogs } from "./system_logs.ts";
import { RequestError } from "./request_error.ts";

type Route = (
  agent: Agent,
  exchange: { url: URL; request: IncomingMessage; response: ServerResponse },
) => Promise<void> | void;

const routes: readonly (readonly [pattern: RegExp, route: Route])[] = [
  [/^\/healthz(\/.*)?$/, health],
  [/^\/pods\/?$/, pods],
  [/^\/runningpods\/?$/, runningPods],
  [/^\/run\/[^/]+\/[^/]+(\/[^/]+){1,2}$/, runCommand],
  [/^\/containerLogs\/[^/]+\/[^/]+\/[^/]+$/, writeLogs],
  [
    /^\/stats\/summary$/,
    async (agent, { url, response }) => json(response, await statsSummary(agent, url.searchParams)),
  ],
  [
    /^\/metrics$/,
    async (agent, { response }) => text(response, await kubeletMetrics(agent), metricText),
  ],
  [
    /^\/metrics\/resource$/,
    async (agent, { response }) => text(response, await resourceMetrics(agent), metricText),
  ],
  [
    /^\/metrics\/cadvisor$/,
    async (agent, { response }) => text(response, await cadvisorMetrics(agent), metricText),
  ],
  [
    /^\/metrics\/probes$/,
    (agent, { response }) => text(response, probeMetrics(agent), metricText),
  ],
  [/^\/logs\//, (agent, exchange) => {
    const { enableSystemLogHandler: isOn } = agent.configuration;
    if (!isOn) throw new RequestError(405, "logs endpoint is disabled.");
    return systemLogs("/var/log", exchange);
  }],
  [/^\/checkpoint\/[^/]+\/[^/]+\/[^/]+$/, checkpoint],
  [/^\/configz$/, (agent, { response }) => json(response, configz(agent))],
  [/^\/(exec|attach|portForward)\//, () => {
    throw new RequestError(400, "Upgrade request required");
  }],
];

export async function answer(agent: Agent, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? "/", "https://node");
  const route = routes.find(([pattern]) => pattern.test(url.pathname))?.[1];
  if (!route) throw new RequestError(404, "404 page not found");
  await route(agent, { url, request, response });
}

/** The agent is well as long as it answers and docker does. */
function health(agent: Agent, { response }: { response: ServerResponse }): void {
  if (agent.engineProblem !== undefined) {
    throw new RequestError(500, `container runtime is down: ${agent.engineProblem}`);
  }
  text(response, "ok", "text/plain; charset=utf-8");
}

function pods(agent: Agent, { response }: { response: ServerResponse }): void {
  const items = agent.pods.list().filter((pod) => specOf(pod as never).nodeName === agent.options.nodeName);
  json(response, { kind: "PodList", apiVersion: "v1", metadata: {}, items });
}

/** Those that docker runs, whatever the API server says. */
function runningPods(agent: Agent, { response }: { response: ServerResponse }): void {
  const running = agent.mirror.all().filter(({ isSandbox, state }) => !isSandbox && state.status === "running");
  const items = [...Map.groupBy(running, ({ podUid }) => podUid)].map(([uid, containers]) => {
    const { podName: name, podNamespace: namespace } = containers[0]!;
    const metadata = { name, namespace, uid, creationTimestamp: null };
    const found = containers.map(({ name, state }) => ({ name, image: state.image, resources: {} }));
    return { metadata, spec: { containers: found }, status: {} };
  });
  json(response, { kind: "PodList", apiVersion: "v1", metadata: {}, items });
}

function json(response: ServerResponse, value: unknown): void {
  text(response, JSON.stringify(value), "application/json");
}

function text(response: ServerResponse, body: string, type: string): void {
  response.writeHead(200, { "content-type": type });
  response.end(body);
}
