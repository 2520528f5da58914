/** One kubectl that talks to one API server as its admin, with a kubeconfig and a cache of its own. */
import type { ApiServer } from "./api_server.ts";
import { runCommand, type RunResult } from "./run_command.ts";

export interface KubectlSession extends AsyncDisposable {
  /** `check: false` answers failures too. */
  run(args: readonly string[], options?: { readonly stdin?: string; readonly check?: boolean }): Promise<RunResult>;
}

export async function kubectlSession(kubectl: string, server: ApiServer): Promise<KubectlSession> {
  const folder = await Deno.makeTempDir({ prefix: "d8s-kubectl-" });
  const kubeconfig = `${folder}/kubeconfig`;
  await Deno.writeTextFile(kubeconfig, JSON.stringify(kubeconfigOf(server)), { mode: 0o600 });
  const common = [kubectl, "--kubeconfig", kubeconfig, `--cache-dir=${folder}/cache`];
  return {
    run: (args, options) => runCommand([...common, ...args], options),
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

/** As kubectl and other clients read it. */
export function kubeconfigOf({ url, ca, admin }: ApiServer) {
  const user = { "client-certificate-data": btoa(admin.cert), "client-key-data": btoa(admin.key) };
  return {
    apiVersion: "v1",
    kind: "Config",
    "current-context": "d8s",
    contexts: [{ name: "d8s", context: { cluster: "d8s", user: "admin" } }],
    clusters: [{ name: "d8s", cluster: { server: url, "certificate-authority-data": btoa(ca) } }],
    users: [{ name: "admin", user }],
  };
}
