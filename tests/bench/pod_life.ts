/** How long the steps of pods' lives take on a host, as a client of the API sees them, and docker's events beside them. */
import { busyboxImage } from "../support/busybox_image.ts";
import type { TestHost } from "../support/host.ts";
import { endpointOf } from "./api_bench.ts";
import { Connection, type Endpoint } from "./connection.ts";
import { percentile } from "./figures.ts";

const pods = "/api/v1/namespaces/default/pods";
const deployments = "/apis/apps/v1/namespaces/default/deployments";
const samples = 12;

/** It obeys no signal but the last. */
export const stubborn = { name: "main", image: busyboxImage, command: ["sleep", "100000"] };
/** It obeys SIGTERM at once. */
export const obedient = { name: "main", image: "d8s.local/pause:1" };
const served = "echo ok > /tmp/index.html; exec httpd -f -p 8080 -h /tmp";
const probe = { httpGet: { path: "/", port: 8080 }, periodSeconds: 10 };
export const probed = {
  ...{ name: "main", image: busyboxImage, command: ["sh", "-c", served] },
  ...{ readinessProbe: probe, livenessProbe: probe },
};

interface Seen {
  readonly type: string;
  readonly object: {
    readonly metadata: { readonly name: string };
    readonly spec: { readonly nodeName?: string };
    readonly status: {
      readonly phase: string;
      readonly containerStatuses?: readonly { readonly restartCount: number; readonly state: { running?: object } }[];
    };
  };
}

/** One of docker's events, and when it was, on the clock of `Date.now`. */
interface DockerEvent {
  readonly at: number;
  readonly action: string;
  readonly container: string;
}

export class PodLife {
  readonly #endpoint: Endpoint;

  constructor(readonly host: TestHost, private readonly writer: Connection, endpoint: Endpoint) {
    this.#endpoint = endpoint;
  }

  static async on(host: TestHost): Promise<PodLife> {
    const endpoint = { ...endpointOf(`${host.folder}/kubeconfig`), hostname: host.address };
    return new PodLife(host, await Connection.open(endpoint), endpoint);
  }

  /** Create to Running, and where the time went, in the middle of all samples. */
  async starts(): Promise<{ total: number[]; parts: Record<string, number> }> {
    const total: number[] = [];
    const parts: Record<string, number[]> = {};
    for (let i = 0; i < samples; i++) {
      const name = `start-${i}`;
      const { times, began } = await this.#started(name);
      total.push(times.at(-1)!.at - began);
      let before = began;
      for (const { step, at } of times) {
        (parts[step] ??= []).push(at - before);
        before = at;
      }
      await this.#deleted(name, 1);
    }
    return {
      total,
      parts: Object.fromEntries(Object.entries(parts).map(([step, times]) => [step, percentile(times, 0.5)])),
    };
  }

  async #started(name: string) {
    using watch = await this.#watch(name);
    using docker = this.#docker();
    await docker.ready;
    const began = precisely();
    await this.#create(name, obedient);
    const scheduled = await watch.until(({ object }) => object.spec.nodeName !== undefined);
    const running = await watch.until(({ object }) => object.status.phase === "Running");
    const at = (action: string, container: string) => docker.find(action, container);
    const times = [
      { step: "API and scheduler", at: scheduled },
      { step: "sandbox (docker)", at: await at("start", "POD") },
      { step: "CNI, volumes, container made (docker)", at: await at("create", "main") },
      { step: "container started (docker)", at: await at("start", "main") },
      { step: "status (API)", at: running },
    ];
    return { began, times };
  }

  /** From the request to the event that the pod is gone. */
  async deletes(container: object, grace: number): Promise<number[]> {
    const times: number[] = [];
    for (let i = 0; i < samples; i++) {
      await this.#running(`delete-${i}`, container);
      times.push(await this.#deleted(`delete-${i}`, grace));
    }
    return times;
  }

  /** From docker's event of a container's end: until a watcher sees it, and until the container runs again. */
  async crashes(): Promise<{ told: number[]; again: number[] }> {
    const told: number[] = [];
    const again: number[] = [];
    for (let i = 0; i < samples; i++) {
      const name = `crash-${i}`;
      await this.#running(name, stubborn);
      using watch = await this.#watch(name);
      using docker = this.#docker();
      await docker.ready;
      await this.host.run(["sh", "-c", `docker kill $(docker ps -q --filter name=_main_${name}_)`]);
      const died = await docker.find("die", "main");
      const isDown = ({ object }: Seen) => object.status.containerStatuses?.[0]?.state.running === undefined;
      const isBack = ({ object }: Seen) =>
        object.status.containerStatuses?.[0]?.restartCount === 1 && !isDown({ object } as Seen);
      told.push(await watch.until((event) => isDown(event) || isBack(event)) - died);
      again.push(await docker.find("start", "main") - died);
      watch[Symbol.dispose]();
      await this.#deleted(name, 1);
    }
    return { told, again };
  }

  /** A Deployment of so many, until all run. It stays. */
  async deployment(replicas: number, container: object): Promise<number> {
    const metadata = { labels: { app: "many" } };
    const template = { metadata, spec: { terminationGracePeriodSeconds: 1, containers: [container] } };
    const selector = { matchLabels: metadata.labels };
    using watch = await this.#watch();
    const began = precisely();
    const body = JSON.stringify({ metadata: { name: "many" }, spec: { replicas, selector, template } });
    await accepted(await this.writer.request("POST", deployments, { body }));
    const running = new Set<string>();
    return await watch.until(({ object }) => {
      if (object.status.phase === "Running") running.add(object.metadata.name);
      return running.size === replicas;
    }) - began;
  }

  async #running(name: string, container: object): Promise<void> {
    using watch = await this.#watch(name);
    await this.#create(name, container);
    await watch.until(({ object }) => object.status.phase === "Running");
  }

  async #create(name: string, container: object): Promise<void> {
    const body = JSON.stringify({ metadata: { name }, spec: { containers: [container] } });
    await accepted(await this.writer.request("POST", pods, { body }));
  }

  async #deleted(name: string, grace: number): Promise<number> {
    using watch = await this.#watch(name);
    const began = precisely();
    await accepted(await this.writer.request("DELETE", `${pods}/${name}?gracePeriodSeconds=${grace}`));
    return await watch.until(({ type }) => type === "DELETED") - began;
  }

  async #watch(name?: string) {
    const connection = await Connection.open(this.#endpoint);
    await connection.send("GET", `${pods}?watch=true${name ? `&fieldSelector=metadata.name%3D${name}` : ""}`);
    await connection.begun();
    const lines = linesOf(connection.stream());
    return {
      /** When the first event came that passes. */
      async until(test: (event: Seen) => boolean): Promise<number> {
        for (let next = await lines.next(); !next.done; next = await lines.next()) {
          const at = precisely();
          if (test(JSON.parse(next.value) as Seen)) return at;
        }
        throw new Error("the watch ended before what was waited for");
      },
      [Symbol.dispose]: () => {
        try {
          connection[Symbol.dispose]();
        } catch (error) {
          if (!(error instanceof Deno.errors.BadResource)) throw error;
        }
      },
    };
  }

  #docker() {
    const child = this.host.spawn([
      ...["curl", "-sN", "--unix-socket", this.host.dockerHost.replace("unix://", ""), "-D", "-"],
      "http://docker/v1.41/events",
    ], { stderr: "null" });
    const seen: DockerEvent[] = [];
    const waiting = new Set<() => void>();
    const head = Promise.withResolvers<void>();
    (async () => {
      for await (const line of linesOf(child.stdout)) {
        head.resolve();
        const event = line.startsWith("{") ? JSON.parse(line) : undefined;
        if (event?.Type !== "container") continue;
        const container = (event.Actor.Attributes.name as string).split("_")[1] ?? "";
        seen.push({ at: event.timeNano / 1e6, action: event.Action, container });
        for (const look of waiting) look();
      }
    })();
    return {
      ready: head.promise,
      find: (action: string, container: string) =>
        new Promise<number>((resolve) => {
          const look = () => {
            const found = seen.find((event) => event.action === action && event.container === container);
            if (found) resolve(found.at);
          };
          waiting.add(look);
          look();
        }),
      [Symbol.dispose]: () => child.kill("SIGKILL"),
    };
  }
}

function precisely(): number {
  return performance.timeOrigin + performance.now();
}

function accepted({ status, body }: { status: number; body: Uint8Array }): void {
  if (status >= 300) throw new Error(new TextDecoder().decode(body));
}

async function* linesOf(stream: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop()!;
    for (const line of lines) if (line.trim() !== "") yield line.trim();
  }
}
