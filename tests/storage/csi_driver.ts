/**
 * A CSI driver for tests: folders of its own, bind-mounted where it is told. It keeps the contract that the specification
 * gives to drivers, remembers every call, and can fail at one of them before or after it did its work.
 */
import { join } from "node:path";
import { bindMount, isMountPoint } from "../../controllers/kubelet/volumes/mounts.ts";
import { csi, type Method, nodeCapability, registration } from "../../controllers/kubelet/volumes/csi/protocol.ts";
import { grpcCode, GrpcError, type GrpcHandler, grpcServe } from "../../runtime/client/grpc.ts";

export const driverName = "folders.test.d8s.io";

export interface Call {
  readonly method: string;
  readonly asked: Record<string, unknown>;
}

export class TestCsiDriver implements AsyncDisposable {
  readonly calls: Call[] = [];
  readonly staged = new Set<string>();
  readonly published = new Map<string, string>();
  /** What it was told when it was registered; "" is success. */
  readonly told: string[] = [];
  readonly capabilities: number[] = [nodeCapability.stageUnstage, nodeCapability.expand, nodeCapability.stats];
  topology: Record<string, string> = {};
  /** The call of this number (from 0) fails. */
  failAt?: { readonly call: number; readonly afterwards: boolean };
  readonly #servers = new AsyncDisposableStack();

  private constructor(readonly folder: string) {}

  /** `registry`: the agent's folder for sockets. */
  static async start(folder: string, registry: string): Promise<TestCsiDriver> {
    const driver = new TestCsiDriver(folder);
    await driver.#serve(join(folder, "csi.sock"));
    await driver.#register(join(registry, "folders-reg.sock"));
    return driver;
  }

  async #serve(socket: string): Promise<void> {
    const answers: Record<string, GrpcHandler> = {};
    const on = <A, B>({ path, request, response }: Method<A, B>, work: (asked: A) => Promise<Partial<B>>) => {
      const method = path.slice(path.lastIndexOf("/") + 1);
      answers[path] = async function* (this: void, message) {
        const asked = request.decode(message);
        yield response.encode(await note(method, asked, () => work(asked)));
      };
    };
    const note = <A, B>(method: string, asked: A, work: () => Promise<B>) => this.#note(method, asked, work);
    on(csi.getInfo, () => Promise.resolve({ node_id: "node-id", accessible_topology: { segments: this.topology } }));
    on(
      csi.getCapabilities,
      () => Promise.resolve({ capabilities: this.capabilities.map((type) => ({ rpc: { type } })) }),
    );
    on(csi.stage, async ({ volume_id }) => {
      await Deno.mkdir(join(this.folder, volume_id), { recursive: true });
      this.staged.add(volume_id);
      return {};
    });
    on(csi.publish, async ({ volume_id, target_path, readonly }) => {
      const source = join(this.folder, volume_id);
      await Deno.mkdir(source, { recursive: true });
      const options = readonly ? ["ro"] : [];
      if (!await isMountPoint(target_path)) await bindMount(source, target_path, { options });
      this.published.set(target_path, volume_id);
      return {};
    });
    on(csi.unpublish, async ({ target_path }) => {
      if (await isMountPoint(target_path)) await new Deno.Command("umount", { args: [target_path] }).output();
      await Deno.remove(target_path).catch(() => {});
      this.published.delete(target_path);
      return {};
    });
    on(csi.unstage, ({ volume_id }) => {
      const users = [...this.published.values()].filter((one) => one === volume_id);
      if (users.length > 0) throw new GrpcError(grpcCode.internal, "it is still published");
      this.staged.delete(volume_id);
      return Promise.resolve({});
    });
    on(csi.expand, ({ capacity_range }) => Promise.resolve({ capacity_bytes: capacity_range?.required_bytes ?? 0 }));
    on(csi.stats, () => Promise.resolve({ usage: [{ total: 100, used: 40, available: 60, unit: 1 }] }));
    this.#servers.use(await grpcServe(socket, answers));
  }

  async #note<A, B>(method: string, asked: A, work: () => Promise<B>): Promise<B> {
    const number = this.calls.push({ method, asked: asked as Record<string, unknown> }) - 1;
    const fails = this.failAt?.call === number;
    if (fails && !this.failAt!.afterwards) throw new GrpcError(grpcCode.unavailable, "not now");
    const answer = await work();
    if (fails) throw new GrpcError(grpcCode.unavailable, "done, and nobody heard");
    return answer;
  }

  async #register(socket: string): Promise<void> {
    const info = {
      type: "CSIPlugin",
      name: driverName,
      endpoint: join(this.folder, "csi.sock"),
      supported_versions: ["1.0.0"],
    };
    const { getInfo, notify } = registration;
    const told = (text: string) => this.told.push(text);
    this.#servers.use(
      await grpcServe(socket, {
        [getInfo.path]: async function* () {
          yield await Promise.resolve(getInfo.response.encode(info));
        },
        [notify.path]: async function* (message) {
          const { plugin_registered, error } = notify.request.decode(message);
          told(plugin_registered ? "" : error);
          yield await Promise.resolve(notify.response.encode({}));
        },
      }),
    );
  }

  /** Names of the calls since the last look. */
  since(from: number): string[] {
    return this.calls.slice(from).map(({ method }) => method);
  }

  last(method: string): Record<string, unknown> {
    return this.calls.findLast((call) => call.method === method)!.asked;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#servers.disposeAsync();
  }
}
