/** `d8s status`: what runs and what is wrong, for a person at a terminal. */
import { readCertificate } from "../auth/mod.ts";
import type { Client } from "../loop/mod.ts";
import { isReason, Node, Pod, StatusError } from "../schema/mod.ts";
import { adminClient, localServer } from "./cluster_access.ts";
import type { FileView } from "./folder_applied.ts";
import type { Loops } from "./loops.ts";
import { lockHolder } from "./process_lock.ts";
import { type ClusterView, whatIsWrong } from "./status_report.ts";
import type { Settings } from "./settings.ts";

/** Prints; false when something is wrong. */
export async function status(settings: Settings, loops: Loops, print: (line: string) => void): Promise<boolean> {
  const pid = await lockHolder(settings.dataDir);
  print(pid ? `d8s runs on ${settings.dataDir} (process ${pid})` : `d8s does not run on ${settings.dataDir}`);
  using client = await adminClient(settings);
  const view = await look(client, settings, loops).catch((error) => error as Error);
  if (view instanceof Error) {
    print(`! the API server at ${localServer(settings)} does not answer: ${view.message}`);
    if (!pid) print("  start it with: deno task up");
    return false;
  }
  for (const line of await summary(view, settings)) print(line);
  const wrong = whatIsWrong(view);
  for (const line of wrong) print(`! ${line}`);
  if (wrong.length === 0) print("✓ nothing is wrong");
  return wrong.length === 0;
}

async function look(client: Client, settings: Settings, { manifestFiles: kind }: Loops): Promise<ClusterView> {
  const [nodes, pods, manifestFiles, certificates, failedChecks] = await Promise.all([
    client.list(Node).then(({ items }) => items),
    client.list(Pod).then(({ items }) => items),
    listFiles(client, kind),
    certificateFacts(`${settings.dataDir}/pki`),
    failedReadiness(client),
  ]);
  return { nodes, pods, manifestFiles, certificates, failedChecks, nowMs: Date.now() };
}

async function listFiles(client: Client, kind: Loops["manifestFiles"]): Promise<readonly FileView[]> {
  try {
    return (await client.list(kind)).items;
  } catch (error) {
    if (isReason(error, "NotFound")) return []; // its kind is made by the loop's first start
    throw error;
  }
}

async function failedReadiness(client: Client): Promise<string[]> {
  try {
    await client.raw("GET", "/readyz");
    return [];
  } catch (error) {
    return error instanceof StatusError ? [error.message] : [];
  }
}

async function certificateFacts(dir: string) {
  const facts: Record<string, ReturnType<typeof readCertificate>> = {};
  for await (const { name } of Deno.readDir(dir)) {
    if (name.endsWith(".crt")) facts[name] = readCertificate(await Deno.readTextFile(`${dir}/${name}`));
  }
  return facts;
}

async function summary({ nodes, pods, manifestFiles }: ClusterView, { store }: Settings): Promise<string[]> {
  const running = pods.filter(({ status }) => status?.phase === "Running").length;
  return [
    `  nodes: ${nodes.map(({ metadata }) => metadata.name).join(", ") || "none"}`,
    `  pods: ${running} of ${pods.length} run`,
    `  manifest files: ${manifestFiles.length}`,
    `  store: ${store}${await sizeOf(store)}`,
  ];
}

async function sizeOf(store: string): Promise<string> {
  const [, path] = /^sqlite[:=](.+)$/.exec(store) ?? [];
  if (!path) return "";
  const sizes = await Promise.all(["", "-wal"].map((end) => Deno.stat(path + end).then(({ size }) => size, () => 0)));
  return `, ${(sizes.reduce((sum, size) => sum + size, 0) / 2 ** 20).toFixed(1)} MB`;
}
