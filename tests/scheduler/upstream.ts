/** kube-scheduler v1.36, where its program is in PATH, on a real API server of ours. */
import assert from "node:assert/strict";
import type { IPod } from "kubernetes-models/v1/Pod";
import type { Client } from "../../runtime/loop/mod.ts";
import { isReason, Node, Pod, ServiceAccount, type Stored } from "../../runtime/schema/mod.ts";
import type { ApiServer } from "../support/api_server.ts";
import { kubeconfigOf } from "../support/kubectl_session.ts";
import { runCommand } from "../support/run_command.ts";

export const namespace = "default";
export const zone = "topology.kubernetes.io/zone";
export const hostname = "kubernetes.io/hostname";

const { code, stdout } = await runCommand(["sh", "-c", "command -v kube-scheduler"], { check: false });
export const program = code === 0 ? stdout.trim() : undefined;

/** Another number brings other nodes and pods. */
export const seed = Number(Deno.env.get("SEED") ?? 36);

export interface NodeTraits {
  readonly zone?: string;
  readonly disk: string;
  readonly cpu: string;
  readonly memory: string;
  readonly taint?: "NoSchedule" | "PreferNoSchedule";
  readonly unschedulable: boolean;
  /** Has it the pods' image? */
  readonly image: boolean;
  readonly gpu?: string;
  readonly rank: number;
}

export async function addNode(client: Client, name: string, traits: NodeTraits): Promise<void> {
  const labels = {
    [hostname]: name,
    disk: traits.disk,
    rank: `${traits.rank}`,
    ...(traits.zone && { [zone]: traits.zone }),
  };
  await client.create(Node, { apiVersion: "v1", kind: "Node", metadata: { name, labels } });
  const amounts = {
    cpu: traits.cpu,
    memory: traits.memory,
    pods: "12",
    ...(traits.gpu && { "example.com/gpu": traits.gpu }),
  };
  const images = traits.image ? [{ names: ["web:1"], sizeBytes: 600_000_000 }] : [];
  const conditions = [{ type: "Ready", status: "True" }];
  const status = { capacity: amounts, allocatable: amounts, images, conditions };
  await client.patch(Node, { name }, { type: "merge", body: { status } }, { subresource: "status" });
  const taints = traits.taint ? [{ key: "dedicated", value: "db", effect: traits.taint }] : [];
  await client.patch(Node, { name }, {
    type: "merge",
    body: { spec: { taints, unschedulable: traits.unschedulable } },
  });
}

/** The pod when upstream has bound it or said why not. */
export async function decided(client: Client, name: string): Promise<Stored<IPod>> {
  const options = { namespace, fieldSelector: `metadata.name=${name}`, signal: AbortSignal.timeout(20_000) };
  for await (const event of client.watch(Pod, options)) {
    if (event.type === "BOOKMARK") continue;
    const { spec, status } = event.object;
    if (spec?.nodeName || status?.conditions?.some(({ type }) => type === "PodScheduled")) return event.object;
  }
  throw new Error(`nobody decided about ${name}`);
}

export async function runUpstream(server: ApiServer): Promise<AsyncDisposable> {
  const folder = await Deno.makeTempDir({ prefix: "d8s-upstream-" });
  await Deno.writeTextFile(`${folder}/kubeconfig`, JSON.stringify(kubeconfigOf(server)), { mode: 0o600 });
  const args = [`--kubeconfig=${folder}/kubeconfig`, "--leader-elect=false", "--secure-port=0"];
  const child = new Deno.Command(program!, { args, stdin: "null", stdout: "null", stderr: "null" }).spawn();
  return {
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.status;
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** Pods need one. */
export async function ensureAccount(client: Client): Promise<void> {
  const metadata = { name: "default", namespace };
  await client.create(ServiceAccount, { apiVersion: "v1", kind: "ServiceAccount", metadata })
    .catch((error) => assert.ok(isReason(error, "AlreadyExists")));
}
