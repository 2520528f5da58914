/** Plain requests: health, pods, logs, figures. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { specOf } from "../pod/pod.ts";
import type { Agent } from "../sync/agent.ts";
import { cadvisorMetrics } from "./cadvisor_metrics.ts";
import { configz } from "./configz.ts";
import { writeLogs } from "./logs.ts";
import { probeMetrics } from "./probe_metrics.ts";
import { runCommand } from "./run_command.ts";
import { resourceMetrics } from "./resource_metrics.ts";
import { statsSummary } from "./stats_summary.ts";
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
  [/^\/stats\/summary$/, async (agent, { response }) => json(response, await statsSummary(agent))],
  [
    /^\/metrics(\/resource)?$/,
    async (agent, { response }) => text(response, await resourceMetrics(agent), "text/plain; version=0.0.4"),
  ],
  [
    /^\/metrics\/cadvisor$/,
    async (agent, { response }) => text(response, await cadvisorMetrics(agent), "text/plain; version=0.0.4"),
  ],
  [
    /^\/metrics\/probes$/,
    (agent, { response }) => text(response, probeMetrics(agent), "text/plain; version=0.0.4"),
  ],
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
  const items = agent.mirror.keys().flatMap((key) => agent.mirror.uidsOf(key)).flatMap((uid) => {
    const running = agent.mirror.of(uid).filter(({ isSandbox, state }) => !isSandbox && state.status === "running");
    const [first] = running;
    if (!first) return [];
    const metadata = { name: first.podName, namespace: first.podNamespace, uid };
    return [{ metadata, spec: { containers: running.map(({ name, state }) => ({ name, image: state.image })) } }];
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
