/**
 * `deno task bench`: figures, one line each. `deno task bench store api node` picks rooms; `deno task bench api KUBECONFIG`
 * measures the API server of any cluster, for comparison. `deno task bench clients --kube-apiserver=FILE --etcd=FILE` says
 * where the programs are that d8s is compared with.
 */
import { ensurePackages } from "../support/packages.ts";
import { testHost } from "../support/host.ts";

const root = new URL("../../", import.meta.url).pathname;
const deno = [Deno.execPath(), "run", "--quiet", "--allow-all"];
const rooms = ["store", "access", "api", "clients", "scheduler", "node", "flood", "fleet", "crds"];
const wanted = rooms.filter((room) => Deno.args.includes(room));
const flags = Deno.args.filter((arg) => arg.startsWith("--"));
const kubeconfig = Deno.args.find((arg) => arg.includes("/") && !flags.includes(arg));

await ensurePackages([
  "docker.io",
  "iptables",
  "conntrack",
  "ipset",
  "containernetworking-plugins",
  "etcd-server",
  "curl",
]);
for (const room of wanted.length > 0 ? wanted : rooms) {
  if (room === "flood") await besideOwnMaster(room);
  else if (room !== "api") await here([...deno, `${root}tests/bench/${room}_bench.ts`, ...flags]);
  else if (kubeconfig) await here([...deno, `${root}tests/bench/api_bench.ts`, kubeconfig]);
  else await besideOwnMaster(room);
}

async function here([program = "", ...args]: string[]): Promise<void> {
  const { success } = await new Deno.Command(program, { args, stdin: "null" }).spawn().status;
  if (!success) Deno.exit(1);
}

/** A master alone, on sqlite, in a test host. */
async function besideOwnMaster(room: string): Promise<void> {
  await using host = await testHost();
  const master = host.spawn([...deno, `${root}mod.ts`, "master"], {
    stdout: "null",
    stderr: "null",
    cwd: root,
  });
  const ready = "until curl -sk --max-time 1 https://127.0.0.1:6443/readyz | grep -q ok; do sleep 0.05; done";
  await host.run(["timeout", "60", "sh", "-c", ready]);
  const bench = host.spawn([...deno, `${root}tests/bench/${room}_bench.ts`, `${host.folder}/kubeconfig`], {
    stdout: "inherit",
    stderr: "inherit",
    cwd: root,
  });
  const { success } = await bench.status;
  master.kill("SIGTERM");
  await master.status;
  if (!success) Deno.exit(1);
}
