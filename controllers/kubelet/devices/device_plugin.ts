/** One device plugin: the devices that it last told of, and the calls it answers. It is gone when its stream ends. */
import { grpcCall, grpcStream } from "../../../runtime/client/grpc.ts";
import type { ContainerDevices } from "./pod_resources_protocol.ts";
import { type Grant, type Method, plugin, type PluginOptions } from "./protocol.ts";

const patienceMs = 30_000;

export interface Device {
  readonly id: string;
  readonly healthy: boolean;
  /** Where it is, as the plugin said. */
  readonly topology?: ContainerDevices["topology"];
}

export class DevicePlugin {
  #devices: readonly Device[] = [];

  constructor(readonly socket: string, readonly options: PluginOptions) {}

  get devices(): readonly Device[] {
    return this.#devices;
  }

  /** Returns when the plugin has ended, or the signal aborts. What it has is of no use to anybody then. */
  async follow(onChange: () => void, signal: AbortSignal): Promise<void> {
    const { path, request, response } = plugin.listAndWatch;
    try {
      const call = { socket: this.socket, method: path, message: request.encode({}), signal };
      for await (const bytes of grpcStream(call)) {
        this.#devices = response.decode(bytes).devices.map(({ health, ...one }) => ({
          ...one,
          healthy: health === "Healthy",
        }));
        onChange();
      }
    } finally {
      this.#devices = this.#devices.map((device) => ({ ...device, healthy: false }));
      if (!signal.aborted) onChange();
    }
  }

  /** Those that the plugin would rather give, of those that are free; what it answers is only a wish. */
  async prefer(free: readonly string[], count: number): Promise<readonly string[]> {
    if (!this.options.get_preferred_allocation_available) return [];
    const asked = { available: free, must_include: [], size: count };
    const { container_responses: [answer] } = await this.#call(plugin.prefer, { container_requests: [asked] });
    return answer?.ids ?? [];
  }

  async allocate(ids: readonly string[]): Promise<Grant> {
    const { container_responses: [grant] } = await this.#call(plugin.allocate, { container_requests: [{ ids }] });
    if (!grant) throw new Error(`the device plugin at ${this.socket} answered nothing for ${ids.join(", ")}`);
    if (this.options.pre_start_required) await this.#call(plugin.preStart, { ids });
    return grant;
  }

  async #call<Asked, Answer>(method: Method<Asked, Answer>, asked: Partial<Asked>): Promise<Answer> {
    const { path, request, response } = method;
    const message = request.encode(asked);
    return response.decode(await grpcCall({ socket: this.socket, method: path, message }, patienceMs));
  }
}
