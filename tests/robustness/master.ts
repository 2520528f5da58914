/** A master of its own process on this machine, on a port and in a folder of its own, killed -9 and started at will. */
import { KubeConfig } from "@kubernetes/client-node";
import { d8s } from "../cluster/machine.ts";

export interface Master extends AsyncDisposable {
  /** Paths under the API server's address; its credentials are the admin's. Rejects while it is away. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  readonly folder: string;
  start(): Promise<void>;
  kill(): Promise<void>;
}

export async function startMaster({ store }: { readonly store?: string }): Promise<Master> {
  const folder = await Deno.makeTempDir({ prefix: "d8s-robust-" });
  const port = freePort();
  const flags = ["--data-dir", `${folder}/data`, "--port", `${port}`, "--bind-address", "127.0.0.1"];
  const command = d8s("master", ...flags, "--kubeconfig", `${folder}/kubeconfig`, ...(store ? ["--store", store] : []));
  let child: Deno.ChildProcess | undefined;
  let client: Deno.HttpClient | undefined;
  const master: Master = {
    folder,
    async fetch(path, init) {
      client ??= clientOf(`${folder}/kubeconfig`);
      return await fetch(`https://127.0.0.1:${port}${path}`, { ...init, client });
    },
    async start() {
      const [program = "", ...args] = command;
      child = new Deno.Command(program, { args, stdin: "null", stdout: "null", stderr: "null" }).spawn();
      for (;;) {
        const answer = await master.fetch("/readyz").catch(() => undefined);
        await answer?.body?.cancel();
        if (answer?.ok) return;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    async kill() {
      child?.kill("SIGKILL");
      await child?.status;
      child = undefined;
    },
    async [Symbol.asyncDispose]() {
      await master.kill();
      client?.close();
      await Deno.remove(folder, { recursive: true });
    },
  };
  await master.start();
  return master;
}

/** With the admin's certificate, as kubectl has it. */
function clientOf(kubeconfig: string): Deno.HttpClient {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const [ca, cert, key] = [
    config.getCurrentCluster()!.caData,
    config.getCurrentUser()!.certData,
    config.getCurrentUser()!.keyData,
  ].map((text) => atob(text!));
  return Deno.createHttpClient({ caCerts: [ca!], cert: cert!, key: key!, poolMaxIdlePerHost: 64 });
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
