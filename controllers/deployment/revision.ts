/**
 * Which ReplicaSet is a Deployment's newest, and the revisions that `kubectl rollout history` and `undo` read. Pure.
 *
 * Laws: the newest set is the oldest one whose template is the Deployment's; a set that becomes the newest again gets the
 * next revision and remembers the one it had; annotations of the Deployment follow to the set, bookkeeping ones do not.
 */
import type { IDeployment } from "kubernetes-models/apps/v1/Deployment";
import type { IReplicaSet } from "kubernetes-models/apps/v1/ReplicaSet";
import type { IPodTemplateSpec } from "kubernetes-models/v1/PodTemplateSpec";
import type { Stored } from "../../runtime/schema/mod.ts";
import { sameJson } from "../../runtime/loop/mod.ts";
import { canonicalJson } from "../objects/canonical_json.ts";
import { maxReplicasOf } from "./rollout.ts";

export type DeploymentObject = Stored<IDeployment>;
export type SetObject = Stored<IReplicaSet>;

export const hashLabel = "pod-template-hash";
export const revisionAnnotation = "deployment.kubernetes.io/revision";
export const historyAnnotation = "deployment.kubernetes.io/revision-history";
export const desiredAnnotation = "deployment.kubernetes.io/desired-replicas";
export const maxAnnotation = "deployment.kubernetes.io/max-replicas";

const notCopied = new Set([
  "kubectl.kubernetes.io/last-applied-configuration",
  "deprecated.deployment.rollback.to",
  revisionAnnotation,
  historyAnnotation,
  desiredAnnotation,
  maxAnnotation,
]);

/** Letters and digits that neither look alike nor make words. */
const alphabet = "bcdfghjklmnpqrstvwxz2456789";

/** Ten characters at most; `collisions` is `status.collisionCount`. */
export function templateHash(template: IPodTemplateSpec, collisions: number): string {
  let hash = fnv1a(`${canonicalJson(template)}#${collisions}`);
  let text = "";
  for (; hash > 0; hash = Math.floor(hash / alphabet.length)) text += alphabet[hash % alphabet.length];
  return text || alphabet[0]!;
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

export function sameTemplate(a?: IPodTemplateSpec, b?: IPodTemplateSpec): boolean {
  return sameJson(withoutHash(a), withoutHash(b));
}

function withoutHash(template?: IPodTemplateSpec): unknown {
  const { [hashLabel]: _hash, ...labels } = template?.metadata?.labels ?? {};
  // The server writes `creationTimestamp: null` into templates of some clients: it says nothing.
  const { creationTimestamp: _time, ...metadata } = template?.metadata ?? {};
  return { ...template, metadata: { ...metadata, labels } };
}

export function byAge(a: SetObject, b: SetObject): number {
  const [x, y] = [a.metadata, b.metadata];
  if (x.creationTimestamp !== y.creationTimestamp) return x.creationTimestamp < y.creationTimestamp ? -1 : 1;
  return x.name < y.name ? -1 : 1;
}

export function findNewSet(deployment: DeploymentObject, sets: readonly SetObject[]): SetObject | undefined {
  return [...sets].sort(byAge).find((set) => sameTemplate(set.spec?.template, deployment.spec?.template));
}

/** 64 bits, of which a number would keep 53; 0 when it has none. */
export function revisionOf(object: { metadata: { annotations?: Record<string, string> } }): bigint {
  const text = object.metadata.annotations?.[revisionAnnotation] ?? "";
  return /^\d{1,19}$/.test(text) ? BigInt(text) : 0n;
}

/** Annotations that the newest set should carry, given the other sets. */
export function setAnnotations(
  deployment: DeploymentObject,
  set: { metadata: { annotations?: Record<string, string> } },
  others: readonly SetObject[],
): Record<string, string> {
  const annotations = { ...set.metadata.annotations };
  for (const [name, value] of Object.entries(deployment.metadata.annotations ?? {})) {
    if (!notCopied.has(name)) annotations[name] = value;
  }
  const next = others.map(revisionOf).reduce((a, b) => a > b ? a : b, 0n) + 1n;
  const current = revisionOf(set);
  if (current < next) {
    annotations[revisionAnnotation] = String(next);
    if (current > 0n) annotations[historyAnnotation] = pushed(annotations[historyAnnotation], current);
  }
  return annotations;
}

function pushed(history: string | undefined, revision: bigint): string {
  return [...(history ? history.split(",") : []), String(revision)].join(",");
}

/** What the set was last scaled for: a difference to the Deployment is a scaling event, not a rollout. */
export function scaleAnnotations(deployment: DeploymentObject): Record<string, string> {
  return {
    [desiredAnnotation]: String(deployment.spec?.replicas ?? 1),
    [maxAnnotation]: String(maxReplicasOf(deployment.spec)),
  };
}

/** The set for the present template, not yet scaled. */
export function newSetOf(deployment: DeploymentObject, others: readonly SetObject[]): IReplicaSet {
  const { spec, status, metadata } = deployment;
  const template = spec!.template;
  const hash = templateHash(template, status?.collisionCount ?? 0);
  const labels = { ...template.metadata?.labels, [hashLabel]: hash };
  const annotations = {
    ...setAnnotations(deployment, { metadata: {} }, others),
    ...scaleAnnotations(deployment),
  };
  return {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: { name: `${metadata.name}-${hash}`, namespace: metadata.namespace, labels, annotations },
    spec: {
      replicas: 0,
      ...(spec?.minReadySeconds ? { minReadySeconds: spec.minReadySeconds } : {}),
      selector: { ...spec!.selector, matchLabels: { ...spec!.selector.matchLabels, [hashLabel]: hash } },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  };
}

/** Emptied sets beyond `revisionHistoryLimit`, the oldest revisions first. */
export function setsToForget(deployment: DeploymentObject, old: readonly SetObject[]): SetObject[] {
  const limit = deployment.spec?.revisionHistoryLimit ?? 10;
  const empty = old.filter(({ spec, status, metadata }) =>
    spec?.replicas === 0 && (status?.replicas ?? 0) === 0 && !metadata.deletionTimestamp &&
    (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0)
  );
  const sorted = empty.sort((a, b) => Number(revisionOf(a) - revisionOf(b)) || byAge(a, b));
  return sorted.slice(0, Math.max(0, empty.length - limit));
}
