/**
 * A machine for a test: network, mount and UTS namespaces of its own, an address on the link that all hosts of the test
 * process share, and optionally an own dockerd.
 *
 * - `/etc` and `/var/lib` are the machine's, but what is written to them stays in the host; `/run` and `/var/lib/docker`
 *   start empty. So `/var/lib/d8s`, `/etc/cni/net.d`, `/run/docker.sock` are the host's own, at their usual places. `/tmp`
 *   and everything else is the machine's.
 * - A Deno process can't enter namespaces: what must live in the host is started by `run` or `spawn`.
 * - The test process itself reaches the host at `address`; the host reaches nothing beyond the link.
 * - Nothing stays: see namespace_holder.ts.
 *
 * ```ts
 * await using host = await testHost({ docker: true });
 * await host.run(["docker", "ps"]);
 * ```
 */
import { startDocker } from "./host_docker.ts";
import { type Link, useLink } from "./link.ts";
import { type Holder, holdNamespaces } from "./namespace_holder.ts";
import { runCommand, type RunOptions, type RunResult } from "./run_command.ts";

export interface TestHostOptions {
  /** Start an own dockerd, without bridge and iptables. Default false. */
  readonly docker?: boolean;
  /** Hostname. Default `host1`, `host2`, ... */
  readonly name?: string;
}

export interface SpawnOptions {
  readonly env?: Record<string, string>;
  readonly cwd?: string;
  readonly stdin?: "piped" | "null";
  readonly stdout?: "piped" | "null" | "inherit";
  readonly stderr?: "piped" | "null" | "inherit";
}

export interface TestHost extends AsyncDisposable {
  readonly name: string;
  /** IPv4 on the shared link, device `eth0`. */
  readonly address: string;
  /** The other hosts of this test process are on the same one. */
  readonly link: Link;
  /** Scratch folder on disk; the same path inside and outside. */
  readonly folder: string;
  /** `unix://...`, the same inside and outside; set as DOCKER_HOST for what runs in the host. */
  readonly dockerHost: string;
  /** Process whose namespaces are the host's, for `nsenter --target`. */
  readonly pid: number;
  /** The command line that runs `command` in the host, for callers that spawn themselves. */
  enter(command: readonly string[], cwd?: string): string[];
  /** To its end. Throws when the exit code isn't 0, unless `check: false`. */
  run(command: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** Long-lived; its pid is the command's own, so signals reach it. Killed with the host. */
  spawn(command: readonly string[], options?: SpawnOptions): Deno.ChildProcess;
  /** Starts (again) the host's dockerd. Done already with `docker: true`. */
  startDocker(): Promise<Deno.ChildProcess>;
}

const setup = String.raw`
mkdir -p "$1/run/lock" "$1/run/netns" "$1/docker"
for place in etc var/lib; do
  mkdir -p "$1/$place" "$1/work/$place"
  mount -t overlay overlay -o "lowerdir=/$place,upperdir=$1/$place,workdir=$1/work/$place" "/$place"
done
rm -f /etc/resolv.conf
echo "# a test host has no name servers of its own" > /etc/resolv.conf
# A new network namespace takes these over from the machine; a host begins as a kernel begins.
echo 0 > /proc/sys/net/ipv4/ip_forward
mkdir -p /var/lib/docker /etc/cni/net.d
mount --bind "$1/docker" /var/lib/docker
mount --bind "$1/run" /run
`;

let made = 0;

export async function testHost(options: TestHostOptions = {}): Promise<TestHost> {
  const { docker = false, name = `host${++made}` } = options;
  if (!/^[a-z0-9-]+$/.test(name)) throw new RangeError(`"${name}" can't be a hostname`);
  await using stack = new AsyncDisposableStack();
  const holder = stack.use(await holdNamespaces(`hostname ${name}\n${setup}`));
  const { link } = stack.use(await useLink());
  const address = await link.join(holder.pid);
  const host = createHost(holder, { name, address, link });
  if (docker) await host.startDocker();
  const kept = stack.move();
  return { ...host, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

function createHost(holder: Holder, facts: { name: string; address: string; link: Link }) {
  const { folder, pid } = holder;
  const dockerHost = `unix://${folder}/run/docker.sock`;
  const environment = (env?: Record<string, string>) => ({
    DOCKER_HOST: dockerHost,
    KUBECONFIG: `${folder}/kubeconfig`,
    ...env,
  });
  const enter = (command: readonly string[], cwd = Deno.cwd()) => [
    "nsenter",
    `--target=${pid}`,
    "--net",
    "--mount",
    "--uts",
    `--wd=${cwd}`,
    "--",
    ...command,
  ];
  const spawn = (command: readonly string[], options: SpawnOptions = {}) => {
    const { cwd, env, stdin = "null", stdout = "piped", stderr = "piped" } = options;
    const [program = "", ...args] = enter(command, cwd);
    return new Deno.Command(program, { args, env: environment(env), stdin, stdout, stderr }).spawn();
  };
  const run = (command: readonly string[], { cwd, ...options }: RunOptions = {}) =>
    runCommand(enter(command, cwd), { ...options, env: environment(options.env) });
  return { ...facts, folder, pid, dockerHost, enter, run, spawn, startDocker: () => startDocker({ folder, spawn }) };
}
