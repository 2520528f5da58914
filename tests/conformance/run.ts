/**
 * `deno task conformance`: runs tests of the official conformance suite against a running cluster, says which passed and
 * keeps `results.tsv`.
 */
import { parseArgs } from "node:util";
import { findSuite } from "./binary.ts";
import { type SuiteCluster, suiteCluster } from "./cluster.ts";
import { parseJunit, parseResults, renderResults, type Result } from "./results.ts";
import { batchesOf, type ConformanceTest, focusOf, parseTests, select } from "./suite.ts";

const help = `Runs the official Kubernetes v1.36 conformance suite against a running cluster.

  deno task conformance --class api                     110 tests of the API server and its controllers
  deno task conformance --focus 'ConfigMap|Secrets'     names that match
  deno task conformance --failed                        again what failed last time
  deno task conformance                                 all 446

  --kubeconfig FILE   the cluster (default: $KUBECONFIG or ~/.kube/config)
  --nodes N           a cluster of its own instead, of 1 or 2 hosts in network namespaces of this machine
  --images PROGRAM    run for each of its nodes, to fill the docker of DOCKER_HOST with the suite's images
  --class LIST        api, workload, kubectl; several with commas
  --focus REGEX       only tests whose name matches
  --failed            only tests that did not pass in results.tsv
  --parallel N        tests at once, except those marked [Serial] (default 1)
  --suite PATH        the program e2e.test
  --kubectl PATH      kubectl for the tests that use one
  --content-type T    what the suite speaks (default application/vnd.kubernetes.protobuf)
  --logs DIR          keep the suite's logs here
  --out FILE          results file (default tests/conformance/results.tsv)`;

const folder = import.meta.dirname!;
const { values: options } = parseArgs({
  args: Deno.args,
  options: {
    kubeconfig: { type: "string", default: Deno.env.get("KUBECONFIG") ?? `${Deno.env.get("HOME")}/.kube/config` },
    nodes: { type: "string" },
    images: { type: "string" },
    class: { type: "string", default: "" },
    focus: { type: "string" },
    failed: { type: "boolean", default: false },
    parallel: { type: "string", default: "1" },
    suite: { type: "string" },
    kubectl: { type: "string", default: "kubectl" },
    "content-type": { type: "string", default: "application/vnd.kubernetes.protobuf" },
    logs: { type: "string" },
    out: { type: "string", default: `${folder}/results.tsv` },
    help: { type: "boolean", default: false },
  },
});

if (options.help) {
  console.log(help);
  Deno.exit(0);
}

const program = await findSuite(options.suite).catch((error: Error) => fail(error.message));
const logs = options.logs ?? await Deno.makeTempDir({ prefix: "d8s-conformance-" });
await Deno.mkdir(logs, { recursive: true });
const results = parseResults(await Deno.readTextFile(options.out).catch(() => ""));
const tests = selected();
if (tests.length === 0) fail("no test of the suite is selected; see --help");
console.log(`${tests.length} tests, logs in ${logs}`);
await using cluster = options.nodes
  ? await suiteCluster({ nodes: Number(options.nodes), images: options.images, logs })
  : undefined;

const parallel = Number(options.parallel);
const beside = parallel > 1 ? tests.filter((test) => !test.serial) : [];
const queue = batchesOf(beside, 5);
await Promise.all(Array.from({ length: Math.min(parallel, queue.length) }, async (_, lane) => {
  for (let batch = queue.shift(); batch; batch = queue.shift()) await runBatch(batch, `lane-${lane}`, cluster);
}));
for (const batch of batchesOf(tests.filter((test) => !beside.includes(test)), 10)) {
  await runBatch(batch, "serial", cluster);
}

const states = tests.map(({ name }) => results.get(name)?.state);
const passed = states.filter((state) => state === "passed").length;
console.log(`${passed} passed, ${tests.length - passed} failed`);
Deno.exitCode = passed === tests.length ? 0 : 1;

function selected(): ConformanceTest[] {
  const all = parseTests(Deno.readTextFileSync(`${folder}/tests.tsv`));
  const passedBefore = (name: string) => results.get(name)?.state === "passed";
  return select(all, {
    classes: options.class.split(",").filter(Boolean),
    focus: options.focus ? new RegExp(options.focus) : undefined,
    names: options.failed ? new Set(all.map(({ name }) => name).filter((name) => !passedBefore(name))) : undefined,
  });
}

async function runBatch(batch: ConformanceTest[], lane: string, cluster?: SuiteCluster): Promise<void> {
  const report = await Deno.makeTempDir({ dir: logs, prefix: `${lane}-` });
  const log = await Deno.open(`${report}/log`, { create: true, write: true });
  const suite = [program, ...suiteArguments(batch, report, cluster?.kubeconfig ?? options.kubeconfig)];
  const [command = "", ...args] = cluster ? cluster.enter(suite) : suite;
  const child = new Deno.Command(command, { args, stdout: "piped", stderr: "null" }).spawn();
  await child.stdout.pipeTo(log.writable);
  await child.status;
  const found = await junitOf(report);
  for (const { name } of batch) record(name, found.get(name) ?? { state: "failed", seconds: 0 }, report);
  await Deno.writeTextFile(options.out, renderResults(results));
}

function suiteArguments(batch: ConformanceTest[], report: string, kubeconfig: string): string[] {
  return [
    ...[`--kubeconfig=${kubeconfig}`, `--kubectl-path=${options.kubectl}`, `--report-dir=${report}`],
    ...["--provider=skeleton", "--disable-log-dump", "--allowed-not-ready-nodes=-1"],
    ...["--system-pods-startup-timeout=1m", "--node-schedulable-timeout=2m"],
    ...[`--kube-api-content-type=${options["content-type"]}`, `--ginkgo.focus=${focusOf(batch)}`],
    ...["--ginkgo.timeout=24h", "--ginkgo.no-color"],
  ];
}

async function junitOf(report: string): Promise<Map<string, Result>> {
  for await (const { name } of Deno.readDir(report)) {
    if (name.startsWith("junit") && name.endsWith(".xml")) {
      return parseJunit(await Deno.readTextFile(`${report}/${name}`));
    }
  }
  return new Map();
}

function record(name: string, result: Result, report: string): void {
  results.set(name, result);
  const where = result.state === "passed" ? "" : `  (${report}/log)`;
  console.log(`${result.state}  ${result.seconds.toFixed(0).padStart(4)} s  ${name}${where}`);
}

function fail(message: string): never {
  console.error(message);
  Deno.exit(2);
}
