/** A host with docker and a network, an API server in the test's own process, and the node agent as a process to be killed. */
import assert from "node:assert/strict";
import type { Client } from "../../runtime/loop/mod.ts";
import { Event, Pod, type Resource, ServiceAccount } from "../../runtime/schema/mod.ts";
import type { Pod as PodObject } from "../../controllers/kubelet/pod/pod.ts";
import { type ApiServer, apiServer } from "../support/api_server.ts";
import { busyboxImage, importBusybox } from "../support/busybox_image.ts";
import { type TestHost, testHost } from "../support/host.ts";
import { ensurePackages } from "../support/packages.ts";
import type { AgentProcessOptions } from "./agent_process.ts";

const network = {
  cniVersion: "0.4.0",
  name: "test",
  plugins: [{
    type: "bridge",
    bridge: "cni0",
    isGateway: true,
    ipam: { type: "host-local", ranges: [[{ subnet: "10.244.7.0/24" }]] },
  }],
};

export interface AgentStart {
  /** Fields of a KubeletConfiguration. */
  readonly configuration?: object;
  /** Who it is to the API server. `nobody` is answered by none. Default: the admin. */
  readonly as?: "admin" | "node" | "nobody";
  /** Where it finds the API server. Default: at its own address. */
  readonly server?: string;
}

export interface AgentHostOptions {
  /** Kinds that the API server serves beside the usual ones. */
  readonly optional?: readonly Resource[];
  /** Size of a disk of its own for docker, in MiB. Default: the machine's disk. */
  readonly dockerDiskMebibytes?: number;
}

export interface AgentHost extends AsyncDisposable {
  readonly host: TestHost;
  readonly server: ApiServer;
  readonly client: Client;
  start(how?: AgentStart): Promise<AgentProcess>;
}

export async function agentHost({ dockerDiskMebibytes, optional }: AgentHostOptions = {}): Promise<AgentHost> {
  await ensurePackages(["containernetworking-plugins"]);
  await using stack = new AsyncDisposableStack();
  const host = stack.use(await testHost());
  if (dockerDiskMebibytes) {
    await host.run(["mount", "-t", "tmpfs", "-o", `size=${dockerDiskMebibytes}m`, "disk", "/var/lib/docker"]);
  }
  await host.startDocker();
  await importBusybox(host);
  const conflist = `${host.folder}/net.conflist`;
  await Deno.writeTextFile(conflist, JSON.stringify(network));
  await host.run(["cp", conflist, "/etc/cni/net.d/10-test.conflist"]);
  const node = { name: "n1", ips: [host.address] };
  const server = stack.use(await apiServer({ hostname: host.link.gateway, node, optional }));
  const metadata = { name: "default", namespace: "default" };
  await server.client.create(ServiceAccount, { apiVersion: "v1", kind: "ServiceAccount", metadata });
  const options = {
    folder: folderOf(host),
    address: host.address,
    target: { server: server.url, ca: server.ca, ...server.admin },
    serving: server.pki.nodeServing!,
  };
  const kept = stack.move();
  return {
    ...{ host, server, client: server.client },
    start: ({ configuration, as = "admin", server: elsewhere = server.url } = {}) => {
      const found = { server: as === "nobody" ? `https://${host.address}:1` : elsewhere };
      const credentials = as === "node" ? server.pki.node! : server.admin;
      const { cert, key } = credentials;
      const target = { ...options.target, ...found, cert, key };
      return AgentProcess.start(host, {
        ...options,
        target,
        configuration: { cgroupRoot: groupsOf(host), ...configuration },
      });
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

export function folderOf(host: TestHost): string {
  return `${host.folder}/agent`;
}

/** Above the control groups of its pods, in a tree that hosts share. The host takes it along. */
export function groupsOf(host: TestHost): string {
  return `/${host.folder.split("/").at(-1)}`;
}

export class AgentProcess {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reading: Promise<void>;
  readonly #up = Promise.withResolvers<void>();
  /** Places that it has reached since `places` was last emptied. */
  places: string[] = [];

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#input = child.stdin.getWriter();
    this.#reading = this.#read();
  }

  static async start(host: TestHost, options: AgentProcessOptions): Promise<AgentProcess> {
    const program = new URL("agent_process.ts", import.meta.url).pathname;
    const command = [Deno.execPath(), "run", "--quiet", "--allow-all", program, JSON.stringify(options)];
    const process = new AgentProcess(host.spawn(command, { stdin: "piped", stderr: "inherit" }));
    await process.#up.promise;
    return process;
  }

  /** `die PLACE`, `clock MS`, `shutdown begun` or `shutdown cancelled`. */
  async tell(line: string): Promise<void> {
    await this.#input.write(new TextEncoder().encode(`${line}\n`));
  }

  /** Resolves when it has died. */
  async ended(): Promise<void> {
    await this.#child.status;
    await this.#reading;
    await this.#input.abort().catch(() => {});
  }

  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.ended();
  }

  async #read(): Promise<void> {
    let rest = "";
    for await (const text of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      if (lines.includes("up")) this.#up.resolve();
      this.places.push(...lines.filter((line) => line !== "up"));
    }
    this.#up.reject(new Error("the agent ended before it was up"));
  }
}

export interface PodWish {
  readonly container?: object;
  readonly spec?: object;
  readonly labels?: Readonly<Record<string, string>>;
}

/** Bound to the node, one container `main` that sleeps, unless the wish says otherwise. */
export async function makePod(client: Client, name: string, { container, spec, labels }: PodWish = {}): Promise<void> {
  const main = { name: "main", image: busyboxImage, command: ["sleep", "100000"], ...container };
  const own = { nodeName: "n1", automountServiceAccountToken: false, terminationGracePeriodSeconds: 1 };
  await client.create(Pod, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "default", labels },
    spec: { ...own, containers: [main], ...spec },
  } as never);
}

/** The first state of the pod that passes; `undefined` is a pod that is gone. */
export async function seen(
  client: Client,
  name: string,
  test: (pod: PodObject | undefined) => boolean,
): Promise<PodObject | undefined> {
  const now = await client.get(Pod, { namespace: "default", name }) as PodObject | undefined;
  if (test(now)) return now;
  const signal = AbortSignal.timeout(60_000);
  const options = { namespace: "default", fieldSelector: `metadata.name=${name}`, signal };
  for await (const event of client.watch(Pod, options)) {
    if (event.type === "BOOKMARK") continue;
    const pod = event.type === "DELETED" ? undefined : event.object as PodObject;
    if (test(pod)) return pod;
  }
  const { items } = await client.list(Event, { namespace: "default" });
  const told = items.filter(({ involvedObject }) => involvedObject.name === name).map(({ message }) => message);
  throw new Error(`pod ${name} did not come to the state that was waited for: ${told.join("; ")}`);
}

export function isReady(pod: PodObject | undefined): boolean {
  return pod?.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
}

/** Name, id and start time of every container, ended ones included. */
export async function containersOf(host: TestHost): Promise<string[]> {
  const format = "{{.Name}} {{.Id}} {{.State.StartedAt}}";
  const list = `docker ps -aq --no-trunc | xargs -r docker inspect -f '${format}'`;
  return (await host.run(["sh", "-c", list])).stdout.trim().split("\n").filter(Boolean).sort();
}

/** Containers, pods' folders, records and control groups, mounts, addresses, interfaces: nothing when no pod is left. */
export async function assertNothingLeft(host: TestHost, because: string): Promise<void> {
  const script = `docker ps -a --format 'container {{.Names}} {{.Status}}'
    find "$1/pods" "$1/network" -mindepth 1 2>/dev/null
    grep "$1" /proc/self/mountinfo
    ls /var/lib/cni/networks/test 2>/dev/null | grep -v -e lock -e last_reserved
    find /sys/fs/cgroup -path "*$2/*/pod*" -type d
    ls /sys/class/net | grep veth`;
  const { stdout } = await host.run(["sh", "-c", script, "left", folderOf(host), groupsOf(host)], { check: false });
  assert.equal(stdout.trim(), "", because);
}
