/**
 * The node agent: pods bound to this node, made true in docker. A controller like the others; its world is containers.
 *
 * What makes a pod due: its object, docker's event stream, probes' verdicts, objects that its volumes show, timers.
 */
import { loadImageFolder } from "../../runtime/engine/mod.ts";
import {
  type Controller,
  type LoopContext,
  reads,
  resyncPriority,
  type Source,
  watches,
} from "../../runtime/loop/mod.ts";
import { keyOf, Pod, Service } from "../../runtime/schema/mod.ts";
import { NodeReporter } from "./node/node_reporter.ts";
import { defaults, type KubeletOptions } from "./options.ts";
import { logind } from "./shutdown/logind.ts";
import { resume, shutDown } from "./shutdown/shut_down.ts";
import { shutdownGroups } from "./shutdown/shutdown_plan.ts";
import { manifestFolder } from "./static/manifest_folder.ts";
import { type KubeletServer, startServer } from "./server/server.ts";
import { type Agent, createAgent, podFilter } from "./sync/agent.ts";
import { podFolders, releaseLostNetworks } from "./sync/purge_pod.ts";
import { PluginRegistry } from "./volumes/csi/plugin_registry.ts";
import { syncPod } from "./sync/sync_pod.ts";

/** Pods worked on at once: most of the time is docker's. */
const workers = 16;

interface Running {
  readonly agent: Agent;
  readonly reporter: NodeReporter;
  readonly server?: KubeletServer;
}

export function kubelet(options: KubeletOptions): Controller {
  let running: Running | undefined;
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
      staticPods(theRunning),
      unlessStatic(theRunning, apiObjects(theRunning)),
      containers(theRunning),
      networkConfig(theRunning),
      unlessStatic(theRunning, node(theRunning)),
      plugins(theRunning),
      shutdown(theRunning),
    ],
    async start(context) {
      running = await begin(options, context);
    },
    reconcile: (key) => syncPod(theRunning().agent, key),
    async stop() {
      running?.agent.probes.stop();
      running?.agent.objects.stop();
      await running?.server?.close();
      running = undefined;
    },
  };
}

async function begin(options: KubeletOptions, context: LoopContext): Promise<Running> {
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

function staticPods(running: () => Running): Source {
  return {
    async start(enqueue, context) {
      const { staticPodPath } = running().agent.configuration;
      if (staticPodPath) await manifestFolder(staticPodPath, () => running().agent).start(enqueue, context);
    },
  };
}

/** Static pods run whether the API server answers or not: where there may be some, nobody waits for it. */
function unlessStatic(running: () => Running, source: Source): Source {
  return {
    async start(enqueue, context) {
      const started = Promise.resolve(source.start(enqueue, context));
      if (!running().agent.configuration.staticPodPath) return await started;
      started.catch((error) => context.log.error("the API server is not followed", { error }));
    },
  };
}

/** Once all is known that the API server wants, what is here is looked at with other eyes: it may be a leftover. */
function apiObjects(running: () => Running): Source {
  return {
    async start(enqueue, context) {
      const { agent } = running();
      const known = [watches(Pod, podFilter(agent.options.nodeName)), reads(Service)];
      await Promise.all(known.map((source) => source.start(enqueue, context)));
      if (context.signal.aborted) return;
      agent.apiSeen = true;
      const folders = (await podFolders(agent)).map(({ key }) => key);
      const here = [...agent.mirror.keys(), ...agent.pods.api.list().map((pod) => keyOf(pod)), ...folders];
      for (const key of new Set(here)) enqueue(key, { priority: resyncPriority });
    },
  };
}

/** Docker as a source of keys. Ready when its containers are known, or known to be out of reach. */
function containers(running: () => Running): Source {
  return {
    start(enqueue, context) {
      const { agent } = running();
      agent.enqueue = enqueue;
      return new Promise((resolve) => {
        const onHealth = (problem: string | undefined) => {
          health(running(), problem);
          resolve();
        };
        const { engine, mirror } = agent;
        const onSandboxGone = (id: string) =>
          void agent.network.disconnect(id).catch((error) => context.log.warn("an address stays taken", { error }));
        const { clock, signal } = context;
        mirror.follow({ engine, clock, signal, onChange: enqueue, onSandboxGone, onHealth })
          .catch((error) => context.log.error("docker is no longer followed", { error }));
        context.signal.addEventListener("abort", () => resolve(), { once: true });
      });
    },
  };
}

function health({ agent, reporter }: Running, problem: string | undefined): void {
  const { log } = agent.context;
  const changed = agent.engineProblem !== problem;
  agent.engineProblem = problem;
  if (problem === undefined) cleanUp(agent).catch((error) => log.warn("leftovers stay", { error }));
  else if (changed) log.error("docker is out of reach", { problem });
  if (changed) void reporter.now();
}

/** The Node makes no pod due; it is reported for as long as the loop runs. */
function node(running: () => Running): Source {
  return { start: () => running().reporter.start() };
}

/** It makes no pod due: pods end by it. */
function shutdown(running: () => Running): Source {
  return {
    start(_enqueue, { signal, log }) {
      const { agent, reporter } = running();
      const groups = shutdownGroups(agent.configuration);
      if (groups.length === 0) return;
      const { machineShutdown = logind } = agent.options;
      const tell = (shuttingDown: boolean) => {
        agent.shuttingDown = shuttingDown;
        void reporter.now();
      };
      machineShutdown.watch({
        begun() {
          tell(true);
          return shutDown(agent, groups);
        },
        cancelled() {
          tell(false);
          resume(agent);
        },
        failed: (error) => log.error("shutdowns of the machine are not followed", { error }),
      }, signal);
    },
  };
}

/** Drivers that put their sockets into the agent's folder. They wait for the Node, which their own objects belong to. */
function plugins(running: () => Running): Source {
  return {
    async start(_enqueue, { signal, clock, log }) {
      const { agent, reporter } = running();
      const registry = new PluginRegistry({
        folder: `${agent.options.rootDir ?? defaults.rootDir}/plugins_registry`,
        handlers: { CSIPlugin: agent.csiDrivers },
        after: (ms, run) => clock.after(ms, run),
        onError: (socket, error) => log.warn("plugin could not be registered", { socket, error }),
      });
      reporter.now().then(() => registry.start(signal)).catch((error) =>
        log.error("plugins are not followed", { error })
      );
      await agent.devices.start(signal).catch((error) => log.error("device plugins can't register", { error }));
    },
  };
}

/** Whoever writes the network configuration makes the node ready, and its waiting pods due. */
function networkConfig(running: () => Running): Source {
  return {
    async start(enqueue, { signal }) {
      const { agent, reporter } = running();
      const folder = agent.options.cniConfDir ?? defaults.cniConfDir;
      await Deno.mkdir(folder, { recursive: true });
      const watcher = Deno.watchFs(folder);
      signal.addEventListener("abort", () => watcher.close(), { once: true });
      (async () => {
        for await (const { kind } of watcher) {
          if (kind === "access") continue;
          await reporter.now();
          for (const pod of agent.pods.list()) if (!pod.status?.podIP) enqueue(keyOf(pod));
        }
      })();
    },
  };
}

/** What an agent that died left behind: folders and addresses of pods that are gone, archives not loaded yet. */
async function cleanUp(agent: Agent): Promise<void> {
  for (const { key } of await podFolders(agent)) agent.enqueue(key);
  await releaseLostNetworks(agent);
  const { imagesDir } = agent.options;
  if (!imagesDir) return;
  for (const { path, error } of await loadImageFolder(agent.engine, imagesDir)) {
    if (error) agent.context.log.error("image archive could not be loaded", { path, error });
    else agent.context.log.info("image archive loaded", { path });
  }
}
