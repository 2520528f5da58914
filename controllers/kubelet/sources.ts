/** What makes pods due beyond themselves, and what else the agent follows for as long as it runs. */
import { loadImageFolder } from "../../runtime/engine/mod.ts";
import { reads, resyncPriority, type Source, watches } from "../../runtime/loop/mod.ts";
import { keyOf, Pod, Service } from "../../runtime/schema/mod.ts";
import { servePodResources } from "./devices/pod_resources.ts";
import type { NodeReporter } from "./node/node_reporter.ts";
import { defaults } from "./options.ts";
import type { KubeletServer } from "./server/server.ts";
import { logind } from "./shutdown/logind.ts";
import { resume, shutDown } from "./shutdown/shut_down.ts";
import { shutdownGroups } from "./shutdown/shutdown_plan.ts";
import { manifestFolder } from "./static/manifest_folder.ts";
import { type Agent, podFilter } from "./sync/agent.ts";
import { podFolders, releaseLostNetworks } from "./sync/purge_pod.ts";
import { PluginRegistry } from "./volumes/csi/plugin_registry.ts";

/** An agent that was started. */
export interface Running {
  readonly agent: Agent;
  readonly reporter: NodeReporter;
  readonly server?: KubeletServer;
}

/** The files of the folder that the configuration names, if it names one. */
export function staticPods(running: () => Running): Source {
  return {
    async start(enqueue, context) {
      const { staticPodPath } = running().agent.configuration;
      if (staticPodPath) await manifestFolder(staticPodPath, () => running().agent).start(enqueue, context);
    },
  };
}

/** Static pods run whether the API server answers or not: where there may be some, nobody waits for it. */
export function unlessStatic(running: () => Running, source: Source): Source {
  return {
    async start(enqueue, context) {
      const started = Promise.resolve(source.start(enqueue, context));
      if (!running().agent.configuration.staticPodPath) return await started;
      started.catch((error) => context.log.error("the API server is not followed", { error }));
    },
  };
}

/** Once all is known that the API server wants, what is here is looked at with other eyes: it may be a leftover. */
export function apiObjects(running: () => Running): Source {
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
export function containers(running: () => Running): Source {
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
export function node(running: () => Running): Source {
  return { start: () => running().reporter.start() };
}

/** It makes no pod due: pods end by it. */
export function shutdown(running: () => Running): Source {
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
export function plugins(running: () => Running): Source {
  return {
    async start(_enqueue, { signal, clock, log }) {
      const { agent, reporter } = running();
      const registry = new PluginRegistry({
        folder: `${agent.options.rootDir ?? defaults.rootDir}/plugins_registry`,
        handlers: { CSIPlugin: agent.csiDrivers, DRAPlugin: agent.draDrivers },
        after: (ms, run) => clock.after(ms, run),
        onError: (socket, error) => log.warn("plugin could not be registered", { socket, error }),
      });
      reporter.now().then(() => registry.start(signal)).catch((error) =>
        log.error("plugins are not followed", { error })
      );
      await podResources(agent).catch((error) => log.error("nobody can ask for the devices of pods", { error }));
      await agent.devices.start(signal).catch((error) => log.error("device plugins can't register", { error }));
    },
  };
}

async function podResources(agent: Agent): Promise<void> {
  const server = await servePodResources(
    agent,
    `${agent.options.rootDir ?? defaults.rootDir}/pod-resources/kubelet.sock`,
  );
  agent.context.signal.addEventListener("abort", () => void server[Symbol.asyncDispose](), { once: true });
}

/** Whoever writes the network configuration makes the node ready, and its waiting pods due. */
export function networkConfig(running: () => Running): Source {
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
  await agent.groups.prepare();
  for (const { key } of await podFolders(agent)) agent.enqueue(key);
  await releaseLostNetworks(agent);
  const { imagesDir } = agent.options;
  if (!imagesDir) return;
  for (const { path, error } of await loadImageFolder(agent.engine, imagesDir)) {
    if (error) agent.context.log.error("image archive could not be loaded", { path, error });
    else agent.context.log.info("image archive loaded", { path });
  }
}
