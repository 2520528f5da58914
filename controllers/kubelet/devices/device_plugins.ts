/**
 * Device plugins of this node. Each registers at `kubelet.sock` with the name of its resource and its own socket in the same
 * folder, and is then asked for its devices for as long as it lives.
 *
 * Laws: a resource that was ever a plugin's stays one, with nothing to give while its plugin is away (names are recorded:
 * what the Node told of it would be believed otherwise); who registers again takes over. Source: Kubernetes docs, "Device
 * Plugins".
 */
import { grpcCode, GrpcError, grpcServe } from "../../../runtime/client/grpc.ts";
import { type Device, DevicePlugin } from "./device_plugin.ts";
import { apiVersion, register, type Registration } from "./protocol.ts";

export interface DevicePluginsOptions {
  /** Of the sockets. */
  readonly folder: string;
  /** The file with the names of resources. */
  readonly record: string;
  /** Devices came, went, or changed their health. */
  readonly onChange: () => void;
  readonly onError: (resource: string, error: unknown) => void;
}

/** Counts, as texts of quantities. */
export interface DeviceAmounts {
  readonly capacity: Readonly<Record<string, string>>;
  readonly allocatable: Readonly<Record<string, string>>;
}

interface Served {
  readonly plugin: DevicePlugin;
  readonly stop: AbortController;
}

export class DevicePlugins {
  /** By resource; nothing: its plugin is away. */
  readonly #served = new Map<string, Served | undefined>();
  #signal = new AbortController().signal;

  constructor(readonly options: DevicePluginsOptions) {}

  async start(signal: AbortSignal): Promise<void> {
    const { folder, record } = this.options;
    this.#signal = signal;
    for (const name of await readRecord(record)) if (!this.#served.has(name)) this.#served.set(name, undefined);
    const answer = (message: Uint8Array) => this.#answer(register.request.decode(message));
    const server = await grpcServe(`${folder}/kubelet.sock`, { [register.path]: answer });
    signal.addEventListener("abort", () => void server[Symbol.asyncDispose](), { once: true });
  }

  isManaged(resource: string): boolean {
    return this.#served.has(resource);
  }

  /** Nothing: no plugin serves the resource now. */
  pluginOf(resource: string): DevicePlugin | undefined {
    return this.#served.get(resource)?.plugin;
  }

  /** By resource. */
  all(): readonly (readonly [resource: string, devices: readonly Device[]])[] {
    return [...this.#served].map(([name, served]) => [name, served?.plugin.devices ?? []] as const);
  }

  amounts(): DeviceAmounts {
    const rows = this.all();
    return {
      capacity: Object.fromEntries(rows.map(([name, devices]) => [name, String(devices.length)])),
      allocatable: Object.fromEntries(
        rows.map(([name, devices]) => [name, String(devices.filter(({ healthy }) => healthy).length)]),
      ),
    };
  }

  async *#answer(asked: Registration): AsyncGenerator<Uint8Array> {
    const why = refusal(asked);
    if (why) throw new GrpcError(grpcCode.invalidArgument, why);
    const { resource_name: resource, endpoint, options = {} } = asked;
    const isNew = !this.#served.has(resource);
    this.#served.get(resource)?.stop.abort();
    const stop = new AbortController();
    const served = { plugin: new DevicePlugin(`${this.options.folder}/${endpoint}`, options), stop };
    this.#served.set(resource, served);
    if (isNew) await writeRecord(this.options.record, [...this.#served.keys()]);
    yield register.response.encode({});
    this.#follow(resource, served);
  }

  #follow(resource: string, { plugin, stop }: Served): void {
    const { onChange, onError } = this.options;
    const signal = AbortSignal.any([this.#signal, stop.signal]);
    plugin.follow(onChange, signal).catch((error) => signal.aborted || onError(resource, error));
  }
}

const label = "[a-z0-9A-Z]([-a-z0-9A-Z_.]*[a-z0-9A-Z])?";
const resourceName = new RegExp(`^(?!([^/]*\\.)?kubernetes\\.io/)[a-z0-9]([-a-z0-9.]*[a-z0-9])?/${label}$`);

function refusal({ version, endpoint, resource_name: resource }: Registration): string | undefined {
  if (version !== apiVersion) {
    return `requested API version "${version}" is not supported by kubelet. Supported version is ["${apiVersion}"]`;
  }
  if (!resourceName.test(resource)) return `the ResourceName "${resource}" is invalid`;
  if (!/^[^/]+$/.test(endpoint)) return `the endpoint "${endpoint}" must be a socket's name in the kubelet's folder`;
}

async function readRecord(path: string): Promise<string[]> {
  const text = await Deno.readTextFile(path).catch(() => "[]");
  return JSON.parse(text) as string[];
}

async function writeRecord(path: string, names: readonly string[]): Promise<void> {
  await Deno.writeTextFile(`${path}~new`, JSON.stringify(names), { mode: 0o600 });
  await Deno.rename(`${path}~new`, path);
}
