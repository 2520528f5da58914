/**
 * DaemonSet: one pod on every node that fits. The pods are bound by the scheduler; a node affinity names the node.
 */
import type { IDaemonSet } from "kubernetes-models/apps/v1/DaemonSet";
import type { IDaemonSetStatus } from "kubernetes-models/apps/v1/DaemonSetStatus";
import type { IPod } from "kubernetes-models/v1/Pod";
import { ControllerRevision, DaemonSet, keyOf, Node, Pod, type Stored } from "../runtime/schema/mod.ts";
import {
  type Controller,
  controller,
  done,
  mapped,
  type Outcome,
  requeueAfter,
  sameJson,
  type Scope,
} from "../runtime/loop/mod.ts";
import {
  forgetRevisions,
  hashOf,
  revisionLabel,
  type RevisionObject,
  revisionsOf,
} from "./objects/controller_revisions.ts";
import { DaemonBackOff } from "./daemonset/back_off.ts";
import { type DaemonStep, type DaemonWorld, placementOn, planDaemons, tolerationsOf } from "./daemonset/plan.ts";
import { claim, claimable } from "./objects/ownership.ts";
import { availableInMs, isFinished, isGoing, isReady, type PodObject } from "./objects/pod_state.ts";
import { about, createPods, deletePod, podOf } from "./objects/pod_template.ts";
import type { NodeObject } from "./node_lifecycle/health_plan.ts";
import type { NodeState } from "./scheduler/node_state.ts";
import { requiredNodes } from "./scheduler/plugins/node_selector.ts";
import { selectedBy } from "./objects/selected_by.ts";
import { labelSelectorOf } from "./objects/selectors.ts";

type DaemonSetObject = Stored<IDaemonSet>;

/** Of the leader that runs now. */
let backOff = new DaemonBackOff();

export const daemonSets: Controller = controller(DaemonSet, {
  name: "daemonset",
  start() {
    backOff = new DaemonBackOff();
  },
  owns: [ControllerRevision],
  watches: [selectedBy(Pod, DaemonSet, labelSelectorOf), changedNodes()],
  async reconcile(key, scope): Promise<Outcome> {
    const object = scope.read(key);
    if (!object?.spec) return done;
    const pods = await claim({
      ownerKind: DaemonSet,
      owner: object,
      kind: Pod,
      matches: labelSelectorOf(object),
      candidates: claimable(scope.informers.of(Pod), object),
    }, scope);
    return await bringIntoLine(object, pods, scope);
  },
});

/** Labels, taints and coming and going of nodes decide; heartbeats don't. */
function changedNodes() {
  return mapped(Node, (_node, { informers }) => informers.of(DaemonSet).list().map(keyOf), {
    when: ({ type, object, old }) =>
      type !== "MODIFIED" || !sameJson([object.metadata.labels, object.spec], [old?.metadata.labels, old?.spec]),
  });
}

async function bringIntoLine(
  object: DaemonSetObject,
  pods: readonly PodObject[],
  scope: Scope<IDaemonSet>,
): Promise<Outcome> {
  const revisions = await revisionsOf({ kind: DaemonSet, object }, scope);
  const hash = hashOf(revisions.newest);
  const isCurrent = (pod: PodObject) => pod.metadata.labels?.[revisionLabel] === hash;
  const { spec } = object;
  const fits = requiredNodes(spec!.template.spec ?? { containers: [] });
  const placements = new Map(
    scope.informers.of(Node).list().map((node) =>
      [node.metadata.name, placementOn(node, spec!.template, fits?.(labelled(node)) ?? true)] as const
    ),
  );
  const now = scope.clock.now();
  const world: DaemonWorld = { spec: spec!, placements, pods: Map.groupBy(pods, nodeOf), isCurrent, now };
  const owner = { kind: DaemonSet, object };
  const waits: number[] = [];
  if (!isGoing(object)) {
    const plan = planDaemons(world);
    waits.push(...await replaceEnded(object, plan.ended, scope));
    await Promise.all(plan.remove.map((pod) => deletePod(owner, pod, scope)));
    await createPods(owner, plan.create.map((node) => daemonOf(object, { node, hash })), scope);
    const carried = new Set(pods.map((pod) => pod.metadata.labels?.[revisionLabel]));
    const inUse = (revision: RevisionObject) => carried.has(hashOf(revision));
    await forgetRevisions(revisions, { limit: spec!.revisionHistoryLimit, inUse }, scope);
  }
  await scope.status(object, statusOf(object, world));
  waits.push(...pods.map((pod) => availableInMs(pod, spec!.minReadySeconds ?? 0, now) ?? 0).filter((wait) => wait > 0));
  return waits.length > 0 ? requeueAfter(Math.min(...waits)) : done;
}

/** Returns how long those that must wait have to. */
async function replaceEnded(object: DaemonSetObject, ended: DaemonStep["ended"], scope: Scope<IDaemonSet>) {
  const owner = { kind: DaemonSet, object };
  const { uid, generation } = object.metadata;
  const waits: number[] = [];
  for (const [node, pod] of ended) {
    const failed = pod.status?.phase === "Failed";
    const waitMs = failed ? backOff.take(`${uid}/${generation}/${node}`, scope.clock.now()) : 0;
    if (waitMs > 0) {
      waits.push(waitMs);
      continue;
    }
    const which = `daemon pod ${pod.metadata.namespace}/${pod.metadata.name} on node ${node}`;
    const { recorder } = scope;
    if (failed) {
      recorder.event(about(owner), "Warning", "FailedDaemonPod", `Found failed ${which}, will try to kill it`);
    } else {recorder.event(
        about(owner),
        "Normal",
        "SucceededDaemonPod",
        `Found succeeded ${which}, will try to delete it`,
      );}
    await deletePod(owner, pod, scope);
  }
  return waits;
}

/** A node as far as selectors look at it. */
function labelled({ metadata: { name, labels = {} } }: NodeObject): NodeState {
  return { name, labels } as NodeState;
}

/** Before it is bound, its affinity says where a pod belongs. */
function nodeOf({ spec }: PodObject): string {
  const terms = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  const named = terms?.flatMap(({ matchFields = [] }) => matchFields).find(({ key }) => key === "metadata.name");
  return spec?.nodeName || named?.values?.[0] || "";
}

function daemonOf(object: DaemonSetObject, { node, hash }: { node: string; hash: string }): IPod {
  const { template } = object.spec!;
  const pod = podOf({ kind: DaemonSet, object }, template);
  pod.metadata!.labels = { ...pod.metadata!.labels, [revisionLabel]: hash };
  const onNode = { matchFields: [{ key: "metadata.name", operator: "In" as const, values: [node] }] };
  const required = { nodeSelectorTerms: [onNode] };
  const { affinity } = pod.spec!;
  pod.spec!.affinity = {
    ...affinity,
    nodeAffinity: { ...affinity?.nodeAffinity, requiredDuringSchedulingIgnoredDuringExecution: required },
  };
  pod.spec!.tolerations = tolerationsOf(template);
  return pod;
}

function statusOf(
  { spec, status, metadata }: DaemonSetObject,
  { placements, pods, isCurrent, now }: DaemonWorld,
): IDaemonSetStatus {
  let scheduled = 0, misscheduled = 0, ready = 0, available = 0, updated = 0;
  for (const [node, { run }] of placements) {
    const alive = (pods.get(node) ?? []).filter((pod) => !isFinished(pod) || !isGoing(pod));
    if (alive.length > 0 && !run) misscheduled++;
    if (alive.length === 0 || !run) continue;
    scheduled++;
    if (alive.some(isReady)) ready++;
    if (alive.some((pod) => availableInMs(pod, spec?.minReadySeconds ?? 0, now) === 0)) available++;
    if (alive.some(isCurrent)) updated++;
  }
  const desired = [...placements.values()].filter(({ run }) => run).length;
  return {
    ...status,
    currentNumberScheduled: scheduled,
    desiredNumberScheduled: desired,
    numberMisscheduled: misscheduled,
    numberReady: ready,
    numberAvailable: available || undefined,
    numberUnavailable: desired - available || undefined,
    updatedNumberScheduled: updated || undefined,
    observedGeneration: metadata.generation,
  };
}
