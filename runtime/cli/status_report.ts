/**
 * What is wrong with a cluster, in plain words: pure, from what the API server shows. An empty list means that all is
 * well.
 */
import type { INode } from "kubernetes-models/v1/Node";
import type { IPod } from "kubernetes-models/v1/Pod";
import type { CertificateFacts } from "../auth/mod.ts";
import type { Stored } from "../schema/mod.ts";
import type { FileView } from "./folder_applied.ts";

export interface ClusterView {
  readonly nodes: readonly Stored<INode>[];
  readonly pods: readonly Stored<IPod>[];
  /** Objects that stand for the files of the manifests folders. */
  readonly manifestFiles: readonly FileView[];
  /** By file name. */
  readonly certificates: Readonly<Record<string, CertificateFacts>>;
  /** Lines of `/readyz?verbose` that do not say ok. */
  readonly failedChecks: readonly string[];
  readonly nowMs: number;
}

const startingMs = 60_000;

export function whatIsWrong(view: ClusterView): string[] {
  return [
    ...view.failedChecks.map((line) => `API server: ${line}`),
    ...(view.nodes.length === 0 ? ["there is no node: no pod can run"] : []),
    ...view.nodes.flatMap(wrongWithNode),
    ...view.pods.flatMap((pod) => wrongWithPod(pod, view.nowMs)),
    ...view.manifestFiles.flatMap(wrongWithFile),
    ...Object.entries(view.certificates).flatMap(([file, facts]) => wrongWithCertificate(file, facts, view.nowMs)),
  ];
}

function wrongWithNode({ metadata, status }: Stored<INode>): string[] {
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  if (ready?.status === "True") return [];
  const why = ready ? `${ready.reason ?? "no reason"}: ${ready.message ?? "no message"}` : "it has not reported yet";
  return [`node ${metadata.name} is not ready (${why})`];
}

function wrongWithPod(pod: Stored<IPod>, nowMs: number): string[] {
  const { metadata, status } = pod;
  const name = `pod ${metadata.namespace}/${metadata.name}`;
  if (status?.phase === "Succeeded" || metadata.deletionTimestamp) return [];
  if (status?.phase === "Failed") return [`${name} has failed (${status.reason ?? failure(pod)})`];
  const reason = waitingReason(pod);
  const young = nowMs - Date.parse(metadata.creationTimestamp) < startingMs;
  if (reason) return young && reason.benign ? [] : [`${name} does not run (${reason.text})`];
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  if (ready?.status === "True" || young) return [];
  return [`${name} runs but is not ready (${ready?.message ?? ready?.reason ?? "no condition yet"})`];
}

function waitingReason({ status }: Stored<IPod>): { text: string; benign: boolean } | undefined {
  const unscheduled = status?.conditions?.find(({ type, status }) => type === "PodScheduled" && status === "False");
  if (unscheduled) return { text: unscheduled.message ?? "no node fits", benign: false };
  for (const { name, state } of [...status?.initContainerStatuses ?? [], ...status?.containerStatuses ?? []]) {
    if (!state?.waiting) continue;
    const { reason = "waiting", message } = state.waiting;
    const text = `container ${name}: ${reason}${message ? `, ${message}` : ""}`;
    return { text, benign: reason === "ContainerCreating" || reason === "PodInitializing" };
  }
  return status?.phase === "Pending" ? { text: "still pending", benign: true } : undefined;
}

function failure({ status }: Stored<IPod>): string {
  const ended = status?.containerStatuses?.find(({ state }) => (state?.terminated?.exitCode ?? 0) !== 0);
  return ended ? `container ${ended.name} ended with ${ended.state?.terminated?.exitCode}` : "no reason";
}

export function wrongWithFile(file: FileView): string[] {
  const { state = "Applied", message = "no message" } = file.status ?? {};
  return state === "Applied" ? [] : [`manifest file ${file.spec.path} is ${state.toLowerCase()} (${message})`];
}

function wrongWithCertificate(file: string, { notAfterMs }: CertificateFacts, nowMs: number): string[] {
  const days = Math.floor((notAfterMs - nowMs) / 86_400_000);
  if (days >= 30) return [];
  const when = days < 0 ? "has expired" : `expires in ${days} days`;
  return [`certificate ${file} ${when}: restart d8s, which renews it`];
}
