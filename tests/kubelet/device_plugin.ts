/** A device plugin for tests: it serves its devices at a socket in the agent's folder, and registers there. */
import { plugin, register } from "../../controllers/kubelet/devices/protocol.ts";
import { grpcCall, grpcServe } from "../../runtime/client/grpc.ts";

interface FakeDevice {
  readonly id: string;
  readonly health: string;
  readonly topology: undefined;
}

export class TestPlugin implements AsyncDisposable {
  #changed = Promise.withResolvers<void>();
  #server?: AsyncDisposable;
  #devices: readonly FakeDevice[];
  readonly #ended = new AbortController();
  /** The ids of each allocation. */
  readonly allocations: (readonly string[])[] = [];

  private constructor(readonly folder: string, readonly resource: string, ids: readonly string[]) {
    this.#devices = ids.map((id) => ({ id, health: "Healthy", topology: undefined }));
  }

  /** `cdi`: what it answers is a CDI device. */
  static async serve(folder: string, resource: string, ids: readonly string[], cdi = false): Promise<TestPlugin> {
    const made = new TestPlugin(folder, resource, ids);
    const { listAndWatch, allocate } = plugin;
    made.#server = await grpcServe(`${folder}/${made.endpoint}`, {
      [listAndWatch.path]: () => made.#list(),
      [allocate.path]: (message) => made.#allocate(message, cdi),
    });
    return made;
  }

  get endpoint(): string {
    return `${this.resource.replace("/", "-")}.sock`;
  }

  async register(fields: { version?: string; endpoint?: string } = {}): Promise<void> {
    const asked = { version: "v1beta1", endpoint: this.endpoint, resource_name: this.resource, ...fields };
    const socket = `${this.folder}/kubelet.sock`;
    await grpcCall({ socket, method: register.path, message: register.request.encode(asked) }, 10_000);
  }

  sicken(id: string): void {
    this.#devices = this.#devices.map((one) => one.id === id ? { id, health: "Unhealthy", topology: undefined } : one);
    this.#changed.resolve();
  }

  async *#list(): AsyncGenerator<Uint8Array> {
    for (; !this.#ended.signal.aborted; await this.#changed.promise) {
      this.#changed = Promise.withResolvers();
      yield plugin.listAndWatch.response.encode({ devices: this.#devices });
    }
  }

  async *#allocate(message: Uint8Array, cdi: boolean): AsyncGenerator<Uint8Array> {
    const { container_requests: asked } = plugin.allocate.request.decode(message);
    this.allocations.push(...asked.map(({ ids }) => ids));
    const answers = asked.map(({ ids }) => ({
      envs: { THINGS: ids.join(" ") },
      mounts: [{ container_path: "/thing-folder", host_path: this.folder, read_only: true }],
      devices: [{ container_path: "/dev/thing", host_path: "/dev/null", permissions: "rw" }],
      cdi_devices: cdi ? [{ name: "test.d8s.io/cdi=0" }] : [],
    }));
    yield plugin.allocate.response.encode({ container_responses: answers });
    await Promise.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort();
    this.#changed.resolve();
    await this.#server?.[Symbol.asyncDispose]();
  }
}
