/**
 * ControllerRevisions: the templates that a DaemonSet or StatefulSet has had, by which `kubectl rollout undo` works.
 *
 * Laws: one revision a template; a template that comes back gets the highest number again; revisions that pods still
 * carry are never forgotten.
 */
import type { IControllerRevision } from "kubernetes-models/apps/v1/ControllerRevision";
import type { IPodTemplateSpec } from "kubernetes-models/v1/PodTemplateSpec";
import { ControllerRevision, isReason, keyOf, type Kind, refOf, type Stored } from "../../runtime/schema/mod.ts";
import { applyWrites, deleting, type LoopContext, sameJson, seen } from "../../runtime/loop/mod.ts";
import { canonicalJson } from "./canonical_json.ts";
import { templateHash } from "../deployment/revision.ts";
import { claim, claimable, controllerReference } from "./ownership.ts";
import { labelSelectorOf } from "./selectors.ts";

export const revisionLabel = "controller-revision-hash";

/** Of a StatefulSet's revisions, whose pods carry the whole name as `revisionLabel`. */
const nameHashLabel = "controller.kubernetes.io/hash";

function labelOf({ kind }: Kind<unknown>): string {
  return kind === "StatefulSet" ? nameHashLabel : revisionLabel;
}

/** Names tried for one template before the loop gives up and waits. */
const triedNames = 8;

export type RevisionObject = Stored<IControllerRevision>;

export interface Templated {
  spec?: { template: IPodTemplateSpec; revisionHistoryLimit?: number };
}

export interface Revisions {
  /** Of the present template. */
  readonly newest: RevisionObject;
  readonly all: readonly RevisionObject[];
}

export function hashOf(revision: RevisionObject): string {
  return revision.metadata.labels?.[revisionLabel] ?? "";
}

/** What a revision keeps: a patch that brings the template back. Its keys are sorted, as clients compare its bytes. */
function dataOf(template: IPodTemplateSpec): NonNullable<IControllerRevision["data"]> {
  return JSON.parse(canonicalJson({ spec: { template: { ...template, $patch: "replace" } } }));
}

export async function revisionsOf<O extends Templated>(
  { kind, object }: { kind: Kind<O>; object: Stored<O> },
  context: LoopContext,
): Promise<Revisions> {
  const all = (await revisionsHeldBy({ kind, object }, context)).sort((a, b) => a.revision - b.revision);
  const template = (object as unknown as Templated).spec!.template;
  const data = dataOf(template);
  const isPresent = (revision: RevisionObject) => sameJson(revision.data, data);
  const found = all.findLast(isPresent);
  const highest = all.findLast((revision) => !isPresent(revision))?.revision ?? 0;
  if (found && found.revision > highest) return { newest: found, all };
  const newest = found
    ? await renumber(found, highest + 1, context)
    : await create({ kind, object }, highest + 1, context);
  return { newest, all: [...all.filter(({ metadata }) => metadata.uid !== newest.metadata.uid), newest] };
}

/** With those that an owner of the same selector left behind. */
function revisionsHeldBy<O extends Templated>(
  { kind, object }: { kind: Kind<O>; object: Stored<O> },
  context: LoopContext,
): Promise<RevisionObject[]> {
  const candidates = claimable(context.informers.of(ControllerRevision), object);
  const matches = labelSelectorOf(object as { spec?: { selector?: unknown } });
  return claim({ ownerKind: kind, owner: object, kind: ControllerRevision, matches, candidates }, context);
}

async function renumber(revision: RevisionObject, number: number, context: LoopContext): Promise<RevisionObject> {
  const written = await context.client.update(ControllerRevision, { ...revision, revision: number });
  await seen(ControllerRevision, written, context);
  return written;
}

async function create<O extends Templated>(
  owner: { kind: Kind<O>; object: Stored<O> },
  number: number,
  context: LoopContext,
): Promise<RevisionObject> {
  for (let collisions = 0;; collisions++) {
    const revision = revisionOf(owner, number, collisions);
    try {
      const written = await context.client.create(ControllerRevision, revision);
      await seen(ControllerRevision, written, context);
      return written;
    } catch (error) {
      // Another template, or another owner, has the same hash: the next one is tried.
      if (!isReason(error, "AlreadyExists") || collisions >= triedNames) throw error;
    }
  }
}

function revisionOf<O extends Templated>(
  { kind, object }: { kind: Kind<O>; object: Stored<O> },
  number: number,
  collisions: number,
): IControllerRevision {
  const template = (object as unknown as Templated).spec!.template;
  const hash = templateHash(template, collisions);
  const { name, namespace, annotations } = object.metadata;
  return {
    apiVersion: "apps/v1",
    kind: "ControllerRevision",
    metadata: {
      name: `${name}-${hash}`,
      namespace,
      labels: { ...template.metadata?.labels, [labelOf(kind)]: hash },
      ...(annotations ? { annotations: { ...annotations } } : {}),
      ownerReferences: [controllerReference(kind, object)],
    },
    data: dataOf(template),
    revision: number,
  };
}

/** Forgets the oldest beyond `revisionHistoryLimit`; `inUse`: pods carry it. */
export async function forgetRevisions(
  { newest, all }: Revisions,
  { limit = 10, inUse }: { limit?: number; inUse: (revision: RevisionObject) => boolean },
  context: LoopContext,
): Promise<void> {
  const idle = all.filter((revision) => revision !== newest && !inUse(revision));
  const old = idle.slice(0, Math.max(0, idle.length - limit));
  try {
    await applyWrites(old.map((revision) => deleting(ControllerRevision, refOf(keyOf(revision)))), context);
  } catch (error) {
    if (!isReason(error, "Conflict")) throw error;
  }
}
