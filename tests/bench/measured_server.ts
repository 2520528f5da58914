/** An API server that figures are taken of: a process of its own in a test host, with the memory of all it needs. */
import { ensurePki } from "../../runtime/auth/mod.ts";
import type { TestHost } from "../support/host.ts";

export interface MeasuredServer {
  readonly kubeconfig: string;
  /** Seconds from the start of the process to `/readyz`. */
  readonly startSeconds: number;
  /** Resident bytes of each process, by name. */
  memory(): Readonly<Record<string, number>>;
  stop(): Promise<void>;
}

const root = new URL("../../", import.meta.url).pathname;
const quiet = { stdout: "null", stderr: "null", cwd: root } as const;
const ready = "until curl -sk --max-time 1 https://127.0.0.1:6443/readyz | grep -q ok; do sleep 0.02; done";

/** Master alone, on sqlite; `flags`: more of its own. */
export async function d8sMaster(host: TestHost, flags: readonly string[] = []): Promise<MeasuredServer> {
  const command = [Deno.execPath(), "run", "--quiet", "--allow-all", `${root}mod.ts`, "master", ...flags];
  return await started(host, [], () => ({ d8s: host.spawn(command, quiet) }), `${host.folder}/kubeconfig`);
}

/** The same with the gates that are off at first: every request in the audit log, and every pod and Secret encrypted. */
export async function d8sGatedMaster(host: TestHost): Promise<MeasuredServer> {
  const secret = crypto.getRandomValues(new Uint8Array(32)).toBase64();
  const files = {
    "audit-policy-file": { apiVersion: "audit.k8s.io/v1", kind: "Policy", rules: [{ level: "Metadata" }] },
    "encryption-provider-config": {
      apiVersion: "apiserver.config.k8s.io/v1",
      kind: "EncryptionConfiguration",
      resources: [{ resources: ["pods", "secrets"], providers: [{ aesgcm: { keys: [{ name: "key", secret }] } }] }],
    },
  };
  for (const [name, content] of Object.entries(files)) {
    await Deno.writeTextFile(`${host.folder}/${name}`, JSON.stringify(content), { mode: 0o600 });
  }
  return await d8sMaster(host, Object.keys(files).map((name) => `--${name}=${host.folder}/${name}`));
}

/** kube-apiserver with an etcd on the disk; without controllers. */
export async function upstreamServer(
  host: TestHost,
  { apiServer, etcd }: { readonly apiServer: string; readonly etcd: string },
): Promise<MeasuredServer> {
  const dir = `${host.folder}/upstream`;
  const pki = await ensurePki(dir, { hostnames: ["localhost"], ips: ["127.0.0.1"] });
  const kubeconfig = `${dir}/kubeconfig`;
  await Deno.writeTextFile(kubeconfig, kubeconfigOf(pki.ca.cert, pki.admin), { mode: 0o600 });
  const store = host.spawn([etcd, "--data-dir", `${dir}/etcd`, "--log-level", "error"], quiet);
  await host.run([
    "timeout",
    "60",
    "sh",
    "-c",
    "until curl -s 127.0.0.1:2379/health | grep -q true; do sleep 0.1; done",
  ]);
  const flags = {
    "etcd-servers": "http://127.0.0.1:2379",
    "advertise-address": host.address,
    "authorization-mode": "Node,RBAC",
    "service-cluster-ip-range": "10.96.0.0/16",
    "client-ca-file": `${dir}/ca.crt`,
    "tls-cert-file": `${dir}/apiserver.crt`,
    "tls-private-key-file": `${dir}/apiserver.key`,
    "service-account-issuer": "https://kubernetes.default.svc",
    "service-account-key-file": `${dir}/apiserver.crt`,
    "service-account-signing-key-file": `${dir}/apiserver.key`,
  };
  const command = [apiServer, ...Object.entries(flags).map(([name, value]) => `--${name}=${value}`)];
  return await started(
    host,
    [store],
    () => ({ "kube-apiserver": host.spawn(command, quiet), etcd: store }),
    kubeconfig,
  );
}

async function started(
  host: TestHost,
  below: readonly Deno.ChildProcess[],
  start: () => Record<string, Deno.ChildProcess>,
  kubeconfig: string,
): Promise<MeasuredServer> {
  const before = performance.now();
  const processes = start();
  await host.run(["timeout", "120", "sh", "-c", ready]);
  const startSeconds = (performance.now() - before) / 1000;
  return {
    kubeconfig,
    startSeconds,
    memory: () => Object.fromEntries(Object.entries(processes).map(([name, { pid }]) => [name, residentBytes(pid)])),
    async stop() {
      const upper = Object.values(processes).filter((process) => !below.includes(process));
      for (const process of [...upper, ...below]) {
        process.kill("SIGTERM");
        await process.status;
      }
    },
  };
}

function residentBytes(pid: number): number {
  const [, kilobytes = "0"] = /VmRSS:\s+(\d+)/.exec(Deno.readTextFileSync(`/proc/${pid}/status`)) ?? [];
  return Number(kilobytes) * 1024;
}

function kubeconfigOf(ca: string, { cert, key }: { readonly cert: string; readonly key: string }): string {
  const cluster = { server: "https://127.0.0.1:6443", "certificate-authority-data": btoa(ca) };
  const user = { "client-certificate-data": btoa(cert), "client-key-data": btoa(key) };
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "measured", cluster }],
    users: [{ name: "admin", user }],
    contexts: [{ name: "measured", context: { cluster: "measured", user: "admin" } }],
    "current-context": "measured",
  });
}
