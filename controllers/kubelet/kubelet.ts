/**
 * The node agent: pods bound to this node, made true in docker. A controller like the others; its world is containers.
 *
 * What makes a pod due: its object, docker's event stream, probes' verdicts, objects that its volumes show, timers.
 */
import type { Controller, LoopContext } from "../../runtime/loop/mod.ts";
import { NodeReporter } from "./node/node_reporter.ts";
import { defaults, type KubeletOptions } from "./options.ts";
import { startServer } from "./server/server.ts";
import * as sources from "./sources.ts";
import { type Agent, createAgent } from "./sync/agent.ts";
import { syncPod } from "./sync/sync_pod.ts";

/** Pods worked on at once: most of the time is docker's. */
const workers = 16;

/** A pass does what there is to do: it tells no making from a change. */
const worker = { operation_type: "sync" };

export function kubelet(options: KubeletOptions): Controller {
  let running: sources.Running | undefined;
  const theRunning = () => {
    if (!running) throw new Error("the kubelet is not started");
    return running;
  };
  return {
    name: "kubelet",
    eventSource: { component: "kubelet", host: options.nodeName },
    leaderOnly: false,
    workers,
    sources: [
      sources.staticPods(theRunning),
      sources.unlessStatic(theRunning, sources.apiObjects(theRunning)),
      sources.containers(theRunning),
      sources.networkConfig(theRunning),
      sources.unlessStatic(theRunning, sources.node(theRunning)),
      sources.plugins(theRunning),
      sources.shutdown(theRunning),
    ],
    async start(context) {
      running = await begin(options, context);
    },
    async reconcile(key) {
      const { agent } = theRunning();
      const { clock } = agent.context;
      const began = clock.now();
      const took = () => agent.tally.took("kubelet_pod_worker_duration_seconds", (clock.now() - began) / 1000, worker);
      return await syncPod(agent, key).finally(took);
    },
    async stop() {
      running?.agent.probes.stop();
      running?.agent.objects.stop();
      await running?.server?.close();
      running = undefined;
    },
  };
}

async function begin(options: KubeletOptions, context: LoopContext): Promise<sources.Running> {
  const agent = await createAgent(options, context);
  const server = options.server && await startServer(agent, options.server);
  const reporter = new NodeReporter(agent, () => server?.port ?? defaults.port);
  agent.reportNode = () => reporter.now();
  agent.pressure = () => reporter.pressure;
  tellIgnored(agent);
  return { agent, reporter, server };
}

/** Who asks the cluster learns it too, not only who reads the log. */
function tellIgnored({ options: { configuration, nodeName }, context: { recorder } }: Agent): void {
  if (!configuration?.ignored.length) return;
  const node = { apiVersion: "v1", kind: "Node", metadata: { name: nodeName, uid: nodeName } };
  const message = `not honoured of the kubelet's configuration: ${configuration.ignored.join(", ")}`;
  recorder.event(node, "Warning", "ConfigurationIgnored", message);
}
