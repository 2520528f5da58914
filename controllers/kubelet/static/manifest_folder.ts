/**
 * The folder of static pods, followed by inotify. A file that can't be read as a pod changes nothing: what it last said
 * holds, and the log says what is wrong.
 */
import { sleep, type Source } from "../../../runtime/loop/mod.ts";
import type { Pod } from "../pod/pod.ts";
import type { Agent } from "../sync/agent.ts";
import { staticPod } from "./manifest.ts";

/** A file that is being written tells of it more than once. */
const burstMs = 100;

/** Resolves when what is in the folder is known. */
export function manifestFolder(folder: string, agentOf: () => Agent): Source {
  return {
    async start(enqueue, { signal, clock, log }) {
      const agent = agentOf();
      await Deno.mkdir(folder, { recursive: true, mode: 0o755 });
      const watcher = Deno.watchFs(folder, { recursive: false });
      signal.addEventListener("abort", () => watcher.close(), { once: true });
      const files = new ManifestFiles(folder, agent);
      const look = async () => {
        for (const key of agent.pods.statics.replace(await files.read(), clock.now())) enqueue(key);
      };
      await look();
      const follow = async () => {
        for await (const { kind } of watcher) {
          if (kind === "access") continue;
          await sleep(clock, burstMs, signal);
          await look().catch((error) => log.error("static pods could not be read", { folder, error }));
        }
      };
      follow().catch((error) => signal.aborted || log.error("static pods are no longer followed", { folder, error }));
    },
  };
}

class ManifestFiles {
  readonly #known = new Map<string, { readonly text: string; readonly pod: Pod | undefined }>();

  constructor(readonly folder: string, readonly agent: Agent) {}

  /** Sorted by file. */
  async read(): Promise<Pod[]> {
    const names: string[] = [];
    for await (const { name, isDirectory } of Deno.readDir(this.folder)) {
      if (!isDirectory && !name.startsWith(".")) names.push(name);
    }
    for (const name of this.#known.keys()) if (!names.includes(name)) this.#known.delete(name);
    for (const name of names) await this.#readOne(name);
    return names.sort().flatMap((name) => this.#known.get(name)?.pod ?? []);
  }

  async #readOne(name: string): Promise<void> {
    const { options: { nodeName }, context: { clock, log } } = this.agent;
    const path = `${this.folder}/${name}`;
    const known = this.#known.get(name);
    try {
      const text = await Deno.readTextFile(path);
      if (text === known?.text) return;
      this.#known.set(name, { text, pod: known?.pod });
      this.#known.set(name, { text, pod: staticPod({ path, text, nodeName, now: clock.now() }) });
    } catch (error) {
      log.error("a static pod could not be read", { path, error });
    }
  }
}
