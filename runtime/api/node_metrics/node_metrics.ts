/** The handlers of `metrics.k8s.io`. A node that does not answer has no metrics; the others are told all the same. */
import { type KubeObject, notFound, parseLabelSelector, type Stored } from "../../schema/mod.ts";
import { ObjectRevision, serialise } from "../cache/mod.ts";
import { answer } from "../http/answer.ts";
import type { Exchange } from "../http/exchange.ts";
import type { Handler } from "../http/object_routes.ts";
import { type KubeletSummary, readSummary, usageOf } from "./kubelet_summary.ts";
import type { StreamContext } from "../streams/destination.ts";
import { kubelet } from "../streams/kubelet_streams.ts";

type Routes = readonly (readonly [name: string, handlers: Readonly<Record<string, Handler>>])[];

/** Rates are of the last half minute at most. */
const window = "30s";

export function nodeMetricsRoutes(context: StreamContext): Routes {
  return [
    ["metrics.k8s.io/nodes", handlers((exchange) => nodeObjects(context, exchange))],
    ["metrics.k8s.io/pods", handlers((exchange) => podObjects(context, exchange))],
  ];
}

function handlers(objects: (exchange: Exchange) => Promise<KubeObject[]>): Readonly<Record<string, Handler>> {
  return {
    async list(exchange) {
      const { encoding, resource, url } = exchange;
      const matches = parseLabelSelector(url.searchParams.get("labelSelector") ?? "");
      const items = (await objects(exchange)).filter(({ metadata }) => matches(metadata?.labels)).map(revision);
      return answer(encoding.list({ items, resourceVersion: "" }, resource), encoding.contentType);
    },
    async get(exchange) {
      const { encoding, resource, path } = exchange;
      const found = (await objects(exchange)).find(({ metadata }) => metadata?.name === path.name);
      if (!found) throw notFound(resource, path.name);
      return answer(encoding.object(revision(found), resource), encoding.contentType);
    },
  };
}

function revision(object: KubeObject): ObjectRevision {
  return new ObjectRevision(object.metadata!.name!, 0, serialise(object as Stored));
}

async function nodeObjects(context: StreamContext, { path }: Exchange): Promise<KubeObject[]> {
  const names = path.name ? [path.name] : nodeNames(context);
  return (await summaries(context, names)).map(({ node }) => ({
    kind: "NodeMetrics",
    apiVersion: "metrics.k8s.io/v1beta1",
    metadata: about(context.view.get("", "nodes", "", node.nodeName)!),
    timestamp: node.cpu!.time,
    window,
    usage: usageOf(node),
  }));
}

/** Of pods that the API knows and that have run long enough to be measured. */
async function podObjects(context: StreamContext, { path: { namespace, name } }: Exchange): Promise<KubeObject[]> {
  const { view } = context;
  const nodeName = name ? (view.get("", "pods", namespace, name)?.spec as { nodeName?: string })?.nodeName : undefined;
  const names = name ? (nodeName ? [nodeName] : []) : nodeNames(context);
  const pods = (await summaries(context, names)).flatMap(({ pods }) => pods);
  return pods.filter(({ podRef }) => !namespace || podRef.namespace === namespace).flatMap((pod) => {
    const object = view.get("", "pods", pod.podRef.namespace, pod.podRef.name);
    return object && pod.containers.length > 0 ? [podObject(object, pod)] : [];
  });
}

function podObject(object: Stored, { cpu, containers }: KubeletSummary["pods"][number]): KubeObject {
  return {
    kind: "PodMetrics",
    apiVersion: "metrics.k8s.io/v1beta1",
    metadata: about(object),
    timestamp: cpu!.time,
    window,
    containers: containers.map((one) => ({ name: one.name, usage: usageOf(one) })),
  };
}

function about({ metadata: { name, namespace, labels, creationTimestamp } }: Stored) {
  return { name, namespace, labels, creationTimestamp };
}

function nodeNames({ view }: StreamContext): string[] {
  return view.list("", "nodes").map(({ metadata }) => metadata.name);
}

async function summaries(context: StreamContext, nodes: readonly string[]): Promise<KubeletSummary[]> {
  const asked = await Promise.allSettled(
    nodes.map(async (name) => await readSummary(kubelet(context, name, "/stats/summary", "?only_cpu_and_memory=true"))),
  );
  return asked.flatMap((result) => result.status === "fulfilled" ? [result.value] : []);
}
