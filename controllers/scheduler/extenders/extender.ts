/**
 * A scheduler extender: a program of somebody else's that is asked over HTTP after the filters (which nodes it says no
 * to), among the scores, before a preemption, and instead of the binding.
 *
 * Source: k8s.io/kube-scheduler/extender/v1 (fields go out in its capitals, and come back in any).
 */
import type { INode } from "kubernetes-models/v1/Node";
import type { IPod } from "kubernetes-models/v1/Pod";
import type { Stored } from "../../../runtime/schema/mod.ts";
import { maxScore } from "../plugin.ts";
import { fieldsOf, namesOf, textsOf } from "./answers.ts";

export interface ExtenderSettings {
  readonly urlPrefix: string;
  readonly filterVerb: string;
  readonly prioritizeVerb: string;
  readonly preemptVerb: string;
  readonly bindVerb: string;
  readonly weight: number;
  /** It knows the nodes: names are enough. */
  readonly nodeCacheCapable: boolean;
  /** Its failure is nobody's. */
  readonly ignorable: boolean;
  /** It is asked of pods that ask for one of these; of all pods where there are none. */
  readonly managedResources: readonly { readonly name: string; readonly ignoredByScheduler: boolean }[];
}

/** Sends JSON and answers with JSON; rejects where there is none. */
export type Post = (url: string, body: unknown) => Promise<unknown>;

export interface Extender {
  readonly settings: ExtenderSettings;
  readonly post: Post;
}

type StoredPod = Stored<IPod>;
type StoredNode = Stored<INode>;

export interface Filtered {
  readonly passed: ReadonlySet<string>;
  /** Node name to reason; others could make room there. */
  readonly failed: ReadonlyMap<string, string>;
  /** Nobody could. */
  readonly unresolvable: ReadonlyMap<string, string>;
}

export function isInterested({ settings: { managedResources } }: Extender, { spec }: StoredPod): boolean {
  if (managedResources.length === 0) return true;
  const managed = new Set(managedResources.map(({ name }) => name));
  return [...spec!.containers, ...spec!.initContainers ?? []].some(({ resources = {} }) =>
    Object.keys({ ...resources.requests, ...resources.limits }).some((name) => managed.has(name))
  );
}

export async function filterBy(extender: Extender, pod: StoredPod, nodes: readonly StoredNode[]): Promise<Filtered> {
  const answer = await ask(extender, "filterVerb", { Pod: pod, ...nodesFor(extender, nodes) });
  return {
    passed: new Set(namesOf(answer)),
    failed: textsOf(answer.failednodes),
    unresolvable: textsOf(answer.failedandunresolvablenodes),
  };
}

/** Node name to points, on the scale of the scheduler's own scores. */
export async function prioritizeBy(
  extender: Extender,
  pod: StoredPod,
  nodes: readonly StoredNode[],
): Promise<Map<string, number>> {
  const { settings, post } = extender;
  const body = { Pod: pod, ...nodesFor(extender, nodes) };
  const answer = await post(urlOf(settings, "prioritizeVerb"), body);
  const marks = new Map<string, number>();
  for (const one of Array.isArray(answer) ? answer : []) {
    const { host, score } = fieldsOf(one);
    if (typeof host === "string" && typeof score === "number") {
      marks.set(host, score * settings.weight * (maxScore / 10));
    }
  }
  return marks;
}

export interface Sacrifice {
  readonly pods: readonly StoredPod[];
  readonly violations: number;
}

/** Node name to the uids of those who would have to go, of the nodes that it agrees to. */
export async function preemptBy(
  extender: Extender,
  pod: StoredPod,
  candidates: ReadonlyMap<string, Sacrifice>,
): Promise<Map<string, { readonly uids: ReadonlySet<string>; readonly violations: number }>> {
  const { nodeCacheCapable } = extender.settings;
  const told = [...candidates].map(([node, { pods, violations }]) => [node, {
    Pods: nodeCacheCapable ? pods.map(({ metadata }) => ({ UID: metadata.uid })) : pods,
    NumPDBViolations: violations,
  }]);
  const field = nodeCacheCapable ? "NodeNameToMetaVictims" : "NodeNameToVictims";
  const answer = await ask(extender, "preemptVerb", { Pod: pod, [field]: Object.fromEntries(told) });
  const agreed = Object.entries(answer.nodenametometavictims ?? {}).map(([node, victims]) => {
    const { pods, numpdbviolations } = fieldsOf(victims);
    const uids = (Array.isArray(pods) ? pods : []).map((one) => fieldsOf(one).uid as string);
    return [node, { uids: new Set(uids), violations: Number(numpdbviolations ?? 0) }] as const;
  });
  return new Map(agreed);
}

export async function bindBy(extender: Extender, { metadata }: StoredPod, node: string): Promise<void> {
  const { name, namespace, uid } = metadata;
  await ask(extender, "bindVerb", { PodName: name, PodNamespace: namespace, PodUID: uid, Node: node });
}

type Verb = "filterVerb" | "prioritizeVerb" | "preemptVerb" | "bindVerb";

/** Throws what the answer's `Error` says. */
async function ask({ settings, post }: Extender, verb: Verb, body: unknown): Promise<Record<string, unknown>> {
  const answer = fieldsOf(await post(urlOf(settings, verb), body));
  if (answer.error) throw new Error(String(answer.error));
  return answer;
}

function urlOf(settings: ExtenderSettings, verb: Verb): string {
  return `${settings.urlPrefix.replace(/\/+$/, "")}/${settings[verb]}`;
}

function nodesFor({ settings }: Extender, nodes: readonly StoredNode[]) {
  return settings.nodeCacheCapable
    ? { Nodes: null, NodeNames: nodes.map(({ metadata }) => metadata.name) }
    : { Nodes: { metadata: {}, items: nodes }, NodeNames: null };
}
