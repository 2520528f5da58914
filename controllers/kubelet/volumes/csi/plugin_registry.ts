/**
 * Plugins of this node: each puts a socket into the registry's folder, is asked who it is, handed to whoever knows its type,
 * and told the result. A socket that goes takes its plugin with it.
 *
 * Source: KEP-595; https://kubernetes.io/docs/concepts/storage/volumes/#csi, "plugin registration".
 */
import { MountError } from "../payload.ts";
import { callPlugin } from "./driver.ts";
import { type PluginInfo, registration } from "./protocol.ts";

export interface PluginHandler {
  /** Throws when the plugin cannot be used. Called again for a plugin that came back. */
  register(plugin: PluginInfo): Promise<void>;
  deregister(plugin: PluginInfo): Promise<void>;
}

export interface PluginRegistryOptions {
  readonly folder: string;
  /** By the type that a plugin gives, such as `CSIPlugin`. */
  readonly handlers: Readonly<Record<string, PluginHandler>>;
  readonly after: (ms: number, run: () => void) => unknown;
  readonly onError: (socket: string, error: unknown) => void;
}

interface Known {
  /** Tells a socket from a later one of the same name. */
  readonly mark: string;
  plugin?: PluginInfo;
}

const firstRetryMs = 500;
const maxRetryMs = 60_000;

export class PluginRegistry {
  readonly #known = new Map<string, Known>();
  #busy: Promise<void> = Promise.resolve();

  constructor(readonly options: PluginRegistryOptions) {}

  /** Follows the folder until the signal aborts. Returns when what is there has been asked. */
  async start(signal: AbortSignal): Promise<void> {
    const { folder } = this.options;
    await Deno.mkdir(folder, { recursive: true, mode: 0o750 });
    const watcher = Deno.watchFs(folder);
    signal.addEventListener("abort", () => watcher.close(), { once: true });
    (async () => {
      for await (const { kind } of watcher) if (kind !== "access") void this.#look();
    })();
    await this.#look();
  }

  #look(): Promise<void> {
    this.#busy = this.#busy.then(() => this.#compare()).catch((error) => this.options.onError("", error));
    return this.#busy;
  }

  async #compare(): Promise<void> {
    const found = await socketsIn(this.options.folder);
    for (const [socket, known] of this.#known) {
      if (found.get(socket) !== known.mark) await this.#drop(socket, known, found.has(socket));
    }
    await Promise.all(
      [...found].filter(([socket]) => !this.#known.has(socket)).map(([socket, mark]) => {
        const known: Known = { mark };
        this.#known.set(socket, known);
        return this.#register(socket, known, firstRetryMs);
      }),
    );
  }

  /** One that comes back at once keeps what it has: its volumes are in use. */
  async #drop(socket: string, { plugin }: Known, replaced: boolean): Promise<void> {
    this.#known.delete(socket);
    if (plugin && !replaced) await this.options.handlers[plugin.type]?.deregister(plugin);
  }

  async #register(socket: string, known: Known, retryMs: number): Promise<void> {
    try {
      const asked = await callPlugin(socket, registration.getInfo, {});
      const plugin = { ...asked, endpoint: asked.endpoint || socket };
      known.plugin = await this.#hand(socket, plugin);
    } catch (error) {
      this.options.onError(socket, error);
      this.options.after(retryMs, () => {
        const next = Math.min(retryMs * 2, maxRetryMs);
        if (this.#known.get(socket) === known) void this.#register(socket, known, next);
      });
    }
  }

  async #hand(socket: string, plugin: PluginInfo): Promise<PluginInfo> {
    try {
      const handler = this.options.handlers[plugin.type];
      if (!handler) throw new MountError(`no handler registered for plugin type: ${plugin.type}`);
      await handler.register(plugin);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      await callPlugin(socket, registration.notify, { plugin_registered: false, error: reason });
      throw error;
    }
    await callPlugin(socket, registration.notify, { plugin_registered: true });
    return plugin;
  }
}

async function socketsIn(folder: string): Promise<Map<string, string>> {
  const sockets = new Map<string, string>();
  for await (const { name } of Deno.readDir(folder)) {
    if (name.startsWith(".")) continue;
    const info = await Deno.stat(`${folder}/${name}`).catch(() => undefined);
    if (info?.isSocket) sockets.set(`${folder}/${name}`, `${info.ino} ${info.ctime?.getTime()}`);
  }
  return sockets;
}
