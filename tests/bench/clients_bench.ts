/**
 * What client-go sees of the API server, in JSON and in protobuf, and beside it of kube-apiserver with etcd where their
 * programs are: `clients_bench.ts [--kube-apiserver=FILE] [--etcd=FILE]`, or from PATH. Every column is a fresh server.
 */
import { testHost } from "../support/host.ts";
import { runCommand } from "../support/run_command.ts";
import { d8sGatedMaster, d8sMaster, type MeasuredServer, upstreamServer } from "./measured_server.ts";

type Column = { readonly title: string; readonly figures: ReadonlyMap<string, string> };

const source = new URL("../clients/bench/", import.meta.url).pathname;
/** A server that gives memory back when it has nothing to do has done so by then. */
const settleMs = 15_000;
const settled = () => new Promise((resolve) => setTimeout(resolve, settleMs));

async function programNamed(name: string): Promise<string | undefined> {
  const given = Deno.args.find((arg) => arg.startsWith(`--${name}=`));
  if (given) return given.slice(name.length + 3);
  const { code, stdout } = await runCommand(["sh", "-c", `command -v ${name}`], { check: false });
  return code === 0 ? stdout.trim() : undefined;
}

/** Memory, then the work, then memory again: of one server that was just started. */
async function measure(title: string, server: MeasuredServer, bench: readonly string[]): Promise<Column> {
  console.log(`measuring ${title}, a minute or two`);
  const figures = new Map([["process start to /readyz", `${server.startSeconds.toFixed(2)} s`]]);
  await settled();
  figures.set("memory after the start", describe(server.memory()));
  const { stdout } = await runCommand(bench);
  for (const line of stdout.trim().split("\n")) {
    const { work, figure } = JSON.parse(line) as { work: string; figure: string };
    figures.set(work, figure);
  }
  figures.set("memory at the end of the work", describe(server.memory()));
  await settled();
  figures.set("memory after the work", describe(server.memory()));
  await server.stop();
  return { title, figures };
}

function describe(memory: Readonly<Record<string, number>>): string {
  const parts = Object.entries(memory).map(([name, bytes]) => `${name} ${(bytes / 1e6).toFixed(0)} MB`);
  return parts.join(", ");
}

function print(columns: readonly Column[]): void {
  const works = [...new Set(columns.flatMap(({ figures }) => [...figures.keys()]))];
  const rows = [
    ["work", ...columns.map(({ title }) => title)],
    ...works.map((work) => [
      work,
      ...columns.map(({ figures }) => figures.get(work) ?? ""),
    ]),
  ];
  const widths = rows[0]!.map((_, at) => Math.max(...rows.map((row) => row[at]!.length)));
  for (const row of rows) console.log(row.map((cell, at) => cell.padEnd(widths[at]!)).join("  ").trimEnd());
  console.log(`(${navigator.hardwareConcurrency} cores, the client on the same ones)`);
}

const [go, apiServer, etcd] = await Promise.all(["go", "kube-apiserver", "etcd"].map(programNamed));
if (!go) {
  console.log("clients: skipped, there is no Go on this machine to build the client with");
  Deno.exit(0);
}
const folder = await Deno.makeTempDir({ prefix: "d8s-bench-" });
await runCommand([go, "build", "-o", `${folder}/bench`, "."], { cwd: source });
const columns: Column[] = [];
for (const [encoding, flags] of [["JSON", []], ["protobuf", ["-protobuf"]]] as const) {
  const take = async (name: string, start: (host: Awaited<ReturnType<typeof testHost>>) => Promise<MeasuredServer>) => {
    await using host = await testHost();
    const server = await start(host);
    const command = host.enter([`${folder}/bench`, "-kubeconfig", server.kubeconfig, ...flags]);
    columns.push(await measure(`${name}, ${encoding}`, server, command));
  };
  await take("d8s", d8sMaster);
  if (encoding === "JSON") await take("d8s with audit and encryption", d8sGatedMaster);
  if (apiServer && etcd) await take("kube-apiserver", (host) => upstreamServer(host, { apiServer, etcd }));
}
await Deno.remove(folder, { recursive: true });
if (!apiServer || !etcd) console.log("kube-apiserver or etcd is not in PATH: nothing to compare with");
print(columns);
