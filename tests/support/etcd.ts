/** A real etcd of one member on free loopback ports, in a folder of its own, that a test may kill -9 and start again. */
import { ensurePackages } from "./packages.ts";

export interface Etcd extends AsyncDisposable {
  readonly endpoint: string;
  start(): Promise<void>;
  kill(): Promise<void>;
}

export async function startEtcd(): Promise<Etcd> {
  await ensurePackages(["etcd-server"]);
  const folder = await Deno.makeTempDir({ prefix: "d8s-etcd-" });
  const [clientPort, peerPort] = freePorts(2);
  const endpoint = `http://127.0.0.1:${clientPort}`;
  let child: Deno.ChildProcess | undefined;
  const etcd: Etcd = {
    endpoint,
    async start() {
      child = new Deno.Command("etcd", {
        args: [
          ...["--data-dir", `${folder}/data`, "--name", "one", "--initial-cluster", `one=http://127.0.0.1:${peerPort}`],
          ...["--listen-client-urls", endpoint, "--advertise-client-urls", endpoint, "--log-level", "error"],
          ...[
            "--listen-peer-urls",
            `http://127.0.0.1:${peerPort}`,
            "--initial-advertise-peer-urls",
            `http://127.0.0.1:${peerPort}`,
          ],
        ],
        stdin: "null",
        stdout: "null",
        stderr: "null",
      }).spawn();
      await answers(endpoint, child);
    },
    async kill() {
      child?.kill("SIGKILL");
      await child?.status;
      child = undefined;
    },
    async [Symbol.asyncDispose]() {
      await etcd.kill();
      await Deno.remove(folder, { recursive: true });
    },
  };
  await etcd.start();
  return etcd;
}

function freePorts(count: number): number[] {
  const listeners = Array.from({ length: count }, () => Deno.listen({ hostname: "127.0.0.1", port: 0 }));
  return listeners.map((listener) => {
    listener.close();
    return listener.addr.port;
  });
}

async function answers(endpoint: string, child: Deno.ChildProcess): Promise<void> {
  let ended = false;
  void child.status.then(() => ended = true);
  for (let attempt = 0; attempt < 600; attempt++) {
    if (ended) throw new Error("etcd ended at its start: is the package etcd-server installed?");
    const healthy = await fetch(`${endpoint}/health`).then((response) => response.json()).catch(() => undefined);
    if (healthy?.health === "true") return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`etcd at ${endpoint} did not become healthy`);
}
