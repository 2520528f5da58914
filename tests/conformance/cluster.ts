/**
 * A cluster for the suite on this machine: one or two test hosts with a docker each. The suite runs on the first host, as
 * a user of that machine would run it.
 */
import { type TestHost, testHost } from "../support/host.ts";

const root = new URL("../../", import.meta.url).pathname;
const d8s = (...args: string[]) => [Deno.execPath(), "run", "--quiet", "--allow-all", `${root}mod.ts`, ...args];

export interface SuiteCluster extends AsyncDisposable {
  readonly kubeconfig: string;
  /** The command line that runs a command beside the master. */
  enter(command: readonly string[]): string[];
}

/** `images`: a program that fills the docker named by DOCKER_HOST with the images that the tests name. */
export async function suiteCluster(
  { nodes, images, logs }: { nodes: number; images?: string; logs: string },
): Promise<SuiteCluster> {
  await using stack = new AsyncDisposableStack();
  const hosts: TestHost[] = [];
  for (let i = 0; i < nodes; i++) hosts.push(stack.use(await testHost({ docker: true })));
  // One after the other: such a program may keep what it builds in one place.
  if (images) { for (const host of hosts) await host.run([images]); }
  const [master, ...others] = hosts as [TestHost, ...TestHost[]];
  await Deno.mkdir(`${master.folder}/manifests`);
  await start(master, `${logs}/${master.name}.log`, "up", "--no-install", "--manifests", `${master.folder}/manifests`);
  await waitFor(master, "kubectl get nodes | grep -qw Ready");
  for (const host of others) {
    const { stdout } = await master.run(d8s("token", "create"), { cwd: root });
    const [, line = ""] = /(--server \S+ --token \S+)/.exec(stdout) ?? [];
    await start(host, `${logs}/${host.name}.log`, "node", "--no-install", ...line.split(" "));
  }
  await waitFor(master, `test $(kubectl get nodes | grep -cw Ready) = ${nodes}`);
  const kept = stack.move();
  return {
    kubeconfig: `${master.folder}/kubeconfig`,
    enter: (command) => master.enter(command),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function start(host: TestHost, log: string, ...args: string[]): Promise<void> {
  const file = await Deno.open(log, { create: true, write: true });
  const child = host.spawn(["sh", "-c", 'exec "$0" "$@" 2>&1', ...d8s(...args)], { cwd: root });
  void child.stdout.pipeTo(file.writable);
  void child.stderr.cancel();
}

async function waitFor(host: TestHost, condition: string): Promise<void> {
  await host.run(["timeout", "120", "sh", "-c", `until ${condition}; do sleep 0.5; done`]);
}
