/** A real etcd of one member on free loopback ports, in a folder of its own, that a test may kill -9 and start again. */
import type { EtcdCertificates } from "./etcd_certificates.ts";
import { ensurePackages } from "./packages.ts";

export interface Etcd extends AsyncDisposable {
  readonly endpoint: string;
  start(): Promise<void>;
  kill(): Promise<void>;
}

/** With `tls` it speaks HTTPS only and lets in only who shows a certificate of that authority. */
export async function startEtcd({ tls }: { tls?: EtcdCertificates } = {}): Promise<Etcd> {
  await ensurePackages(["etcd-server"]);
  const folder = await Deno.makeTempDir({ prefix: "d8s-etcd-" });
  const [clientPort, peerPort] = freePorts(2);
  const endpoint = `${tls ? "https" : "http"}://127.0.0.1:${clientPort}`;
  const secured = tls
    ? ["--client-cert-auth", "--trusted-ca-file", tls.ca, "--cert-file", tls.serverCert, "--key-file", tls.serverKey]
    : [];
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
          ...secured,
        ],
        stdin: "null",
        stdout: "null",
        stderr: "null",
      }).spawn();
      await answers(endpoint, child, tls);
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

async function answers(endpoint: string, child: Deno.ChildProcess, tls?: EtcdCertificates): Promise<void> {
  let ended = false;
  void child.status.then(() => ended = true);
  using client = tls ? clientWith(tls) : Deno.createHttpClient({});
  for (let attempt = 0; attempt < 600; attempt++) {
    if (ended) throw new Error("etcd ended at its start: is the package etcd-server installed?");
    const health = await fetch(`${endpoint}/health`, { client }).then((response) => response.json()).catch(() =>
      undefined
    );
    if (health?.health === "true") return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`etcd at ${endpoint} did not become healthy`);
}

function clientWith({ ca, clientCert, clientKey }: EtcdCertificates): Deno.HttpClient {
  const read = (path: string) => Deno.readTextFileSync(path);
  return Deno.createHttpClient({ caCerts: [read(ca)], cert: read(clientCert), key: read(clientKey) });
}
