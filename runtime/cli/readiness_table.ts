/** What `up` shows at its end: every workload of the cluster, how many of its pods are ready, and where it answers. */
import type { IDeployment } from "kubernetes-models/apps/v1/Deployment";
import type { Client } from "../loop/mod.ts";
import { Deployment, keyOf, Service, type Stored } from "../schema/mod.ts";

/** Resolves true when every Deployment has its pods available, false when the signal aborts before. */
export async function untilWorkloadsReady(client: Client, signal: AbortSignal): Promise<boolean> {
  const { items, resourceVersion } = await client.list(Deployment);
  const waiting = new Set(items.filter((item) => !isAvailable(item)).map(keyOf));
  if (waiting.size === 0) return true;
  for await (const event of client.watch(Deployment, { signal, resourceVersion })) {
    if (event.type === "BOOKMARK") continue;
    if (event.type === "DELETED" || isAvailable(event.object)) waiting.delete(keyOf(event.object));
    else waiting.add(keyOf(event.object));
    if (waiting.size === 0) return true;
  }
  return false;
}

function isAvailable({ metadata, spec, status }: Stored<IDeployment>): boolean {
  const current = status?.observedGeneration === metadata.generation;
  return current && (status?.availableReplicas ?? 0) >= (spec?.replicas ?? 1);
}

export interface ReadinessTable {
  /** Aligned lines, a header first. */
  readonly rows: readonly string[];
  /** The first NodePort Service, as seen from this machine. */
  readonly url?: string;
}

export async function readinessTable(client: Client): Promise<ReadinessTable> {
  const [deployments, services] = await Promise.all([client.list(Deployment), client.list(Service)]);
  const cells = [
    ["NAMESPACE", "WORKLOAD", "READY"],
    ...deployments.items.map(({ metadata, spec, status }) => [
      metadata.namespace ?? "",
      `deployment/${metadata.name}`,
      `${status?.availableReplicas ?? 0}/${spec?.replicas ?? 1}`,
    ]),
    ...services.items.map(({ metadata, spec }) => [
      metadata.namespace ?? "",
      `service/${metadata.name}`,
      [spec?.clusterIP, ...(spec?.ports ?? []).flatMap(({ nodePort }) => nodePort ? [`port ${nodePort}`] : [])].join(
        ", ",
      ),
    ]),
  ];
  const nodePort = services.items.flatMap(({ spec }) => spec?.ports ?? []).find((port) => port.nodePort)?.nodePort;
  return { rows: aligned(cells), url: nodePort === undefined ? undefined : `http://127.0.0.1:${nodePort}/` };
}

export function aligned(cells: readonly (readonly string[])[]): string[] {
  const width = (column: number) => Math.max(...cells.map((row) => row[column]?.length ?? 0));
  return cells.map((row) => row.map((cell, column) => cell.padEnd(width(column))).join("   ").trimEnd());
}
