/**
 * `deno task test`: every folder of tests, one `deno test` process each, and one line at the end. Real parts are used
 * (docker, etcd, iptables, kubectl), so what a bare machine lacks is installed first.
 *
 *   deno task test                 everything
 *   deno task test store network   these folders only
 */
import { ensurePackages } from "./support/packages.ts";

interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly ignored: number;
}

/** What the tests use for real. `iproute2` and `procps` make and look into the namespaces of test hosts. */
const packages = [
  ...["docker.io", "iptables", "ipset", "conntrack", "containernetworking-plugins", "iproute2", "procps", "util-linux"],
  ...["etcd-server", "busybox-static", "curl", "git", "openssl"],
];

/** A folder that takes longer hangs: its process is ended and counts as failed. */
const folderTimeoutMs = 15 * 60_000;

const root = import.meta.dirname!;

const folders = Deno.args.length > 0 ? Deno.args : await foldersWithTests();
console.log(`making sure of ${packages.join(", ")}`);
await ensurePackages(packages);

const counts: Count[] = [];
for (const folder of folders) counts.push(await runFolder(folder));

const sum = (key: keyof Count) => counts.reduce((total, count) => total + count[key], 0);
const [passed, failed, ignored] = [sum("passed"), sum("failed"), sum("ignored")];
console.log(`${passed} passed, ${failed} failed${ignored > 0 ? `, ${ignored} skipped` : ""}`);
Deno.exit(failed > 0 || passed === 0 ? 1 : 0);

async function foldersWithTests(): Promise<string[]> {
  const names: string[] = [];
  for await (const folder of Deno.readDir(root)) {
    if (!folder.isDirectory) continue;
    const files = await Array.fromAsync(Deno.readDir(`${root}/${folder.name}`));
    if (files.some(({ name }) => name.endsWith("_test.ts"))) names.push(folder.name);
  }
  // Whole clusters last: they take longest, and say least when a room below them is broken.
  return names.sort((a, b) => Number(a === "cluster") - Number(b === "cluster") || a.localeCompare(b));
}

async function runFolder(folder: string): Promise<Count> {
  console.log(`\n== ${folder}`);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["test", "--quiet", "--allow-all", `${root}/${folder}`],
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
    detached: true,
  }).spawn();
  // Children of a hung test go with it: the whole process group is ended.
  const timer = setTimeout(() => Deno.kill(-child.pid, "SIGKILL"), folderTimeoutMs);
  const output = await relay(child.stdout);
  const { success } = await child.status;
  clearTimeout(timer);
  return countOf(output, success);
}

/** Prints as it comes, and returns all of it. */
async function relay(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  let text = "";
  for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
    await Deno.stdout.write(new TextEncoder().encode(chunk));
    text += chunk;
  }
  return text;
}

/** The last line that `deno test` prints; a process that ends without one has failed once. */
function countOf(output: string, success: boolean): Count {
  const [, passed, failed, rest = ""] = /^(?:ok|FAILED) \| (\d+) passed[^|]*\| (\d+) failed(.*)$/m.exec(output) ?? [];
  if (passed === undefined) return { passed: 0, failed: 1, ignored: 0 };
  const [, ignored = "0"] = /(\d+) ignored/.exec(rest) ?? [];
  return { passed: Number(passed), failed: Math.max(Number(failed), success ? 0 : 1), ignored: Number(ignored) };
}
