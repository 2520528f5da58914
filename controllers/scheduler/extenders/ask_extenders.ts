/** All extenders that are interested in a pod, asked in turn. Who is ignorable and fails is passed over; others fail the pod. */
import type { IPod } from "kubernetes-models/v1/Pod";
import type { Logger } from "@logtape/logtape";
import type { Stored } from "../../../runtime/schema/mod.ts";
import type { NodeState } from "../node_state.ts";
import type { Candidate } from "../preemption.ts";
import { type Extender, filterBy, preemptBy, prioritizeBy, type Sacrifice } from "./extender.ts";

export interface Asking {
  readonly pod: Stored<IPod>;
  /** Those that are interested in the pod. */
  readonly extenders: readonly Extender[];
  readonly log: Logger;
}

export interface Left {
  readonly passed: readonly NodeState[];
  readonly refused: ReadonlyMap<NodeState, { readonly reason: string; readonly resolvable: boolean }>;
}

/** Each is asked about the nodes that those before it left. */
export async function filtered(nodes: readonly NodeState[], { pod, extenders, log }: Asking): Promise<Left> {
  const refused = new Map<NodeState, { reason: string; resolvable: boolean }>();
  let passed = nodes;
  for (const extender of extenders) {
    if (!extender.settings.filterVerb || passed.length === 0) continue;
    const said = await unlessIgnorable(extender, log, () => filterBy(extender, pod, passed.map(({ node }) => node!)));
    if (!said) continue;
    for (const node of passed) {
      if (said.passed.has(node.name)) continue;
      const hard = said.unresolvable.get(node.name);
      const reason = hard ?? said.failed.get(node.name) ?? "";
      refused.set(node, { reason, resolvable: hard === undefined });
    }
    passed = passed.filter(({ name }) => said.passed.has(name) && !said.unresolvable.has(name));
  }
  return { passed, refused };
}

/** Points for each node, in order. Who cannot say, has no preference. */
export async function prioritized(nodes: readonly NodeState[], { pod, extenders, log }: Asking): Promise<number[]> {
  const asked = extenders.filter(({ settings }) => settings.prioritizeVerb);
  const given = await Promise.all(asked.map(async (extender) => {
    try {
      return await prioritizeBy(extender, pod, nodes.map(({ node }) => node!));
    } catch (error) {
      log.warn("an extender gives no points", { extender: extender.settings.urlPrefix, error });
      return new Map<string, number>();
    }
  }));
  return nodes.map(({ name }) => given.reduce((total, marks) => total + (marks.get(name) ?? 0), 0));
}

/** The candidates that all agree to, with the victims that they leave. */
export async function agreed(
  candidates: readonly Candidate[],
  { pod, extenders, log }: Asking,
  objectOf: (key: string) => Stored<IPod> | undefined,
): Promise<readonly Candidate[]> {
  let left = candidates;
  for (const extender of extenders) {
    if (!extender.settings.preemptVerb || left.length === 0) continue;
    const told = new Map(left.map(({ node, pods, violations }): [string, Sacrifice] => [
      node.name,
      { pods: pods.flatMap(({ key }) => objectOf(key) ?? []), violations },
    ]));
    const said = await unlessIgnorable(extender, log, () => preemptBy(extender, pod, told));
    if (!said) continue;
    left = left.flatMap((candidate) => {
      const answer = said.get(candidate.node.name);
      if (!answer) return [];
      const { uids, violations } = answer;
      return [{ ...candidate, pods: candidate.pods.filter(({ uid }) => uids.has(uid)), violations }];
    });
  }
  return left;
}

async function unlessIgnorable<T>(extender: Extender, log: Logger, ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    const { ignorable, urlPrefix } = extender.settings;
    if (!ignorable) throw error;
    log.warn("an extender is passed over", { extender: urlPrefix, error });
  }
}
