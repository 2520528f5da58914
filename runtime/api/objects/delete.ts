/**
 * DELETE of one object: at once when nothing holds it, otherwise by marking it (grace for pods, finalizers for all), so
 * that whoever holds it can let go.
 */
import { type KubeObject, type ObjectMeta, type Resource, type Stored } from "../../schema/mod.ts";
import { admit } from "../admission/admission.ts";
import type { ObjectRevision } from "../cache/mod.ts";
import type { DeleteCall, Deleted, Target } from "../operations.ts";
import { commitDelete, commitPut } from "./commit.ts";
import { graceFor, takesTime } from "./grace.ts";
import { copyJson, sameJson } from "./json_value.ts";
import { rulesOf } from "./kind_rules.ts";
import { type Machinery, pathOf, timestamp } from "./machinery.ts";
import { checkNamespaceDeletion, heldByContent, markTerminating } from "./namespace_deletion.ts";
import { conflict } from "./refusals.ts";
import { read } from "./read.ts";
import { withReservations } from "./reservations.ts";

/** Throws NotFound and Conflict. */
export async function remove(m: Machinery, target: Target, call: DeleteCall): Promise<Deleted> {
  for (;;) {
    const current = await read(m, target);
    const deleted = await removeOnce(m, target, call, current);
    if (deleted) return deleted;
  }
}

async function removeOnce(
  m: Machinery,
  target: Target,
  call: DeleteCall,
  current: ObjectRevision,
): Promise<Deleted | undefined> {
  const { resource, name, namespace } = target;
  const live = current.object;
  checkPreconditions(resource, live, call);
  checkNamespaceDeletion(resource, live);
  const request = {
    operation: "DELETE" as const,
    resource,
    namespace,
    name,
    old: live,
    user: call.user,
    dryRun: call.dryRun ?? false,
    warn: call.warn ?? (() => {}),
    annotate: call.annotate,
  };
  const plugins = call.admitted ? [] : m.admission;
  await admit(plugins, "admit", request, m.view);
  await admit(plugins, "validate", request, m.view);
  const commit = { resource, path: pathOf(target), expected: current.revision, dryRun: call.dryRun };
  const marked = mark(resource, live, call, m.clock.now());
  if (!marked) {
    const write = () => commitDelete(m, current, commit);
    const last = await withReservations(m, { resource, old: live, dryRun: call.dryRun }, write);
    return last && { revision: takesTime(resource) ? last.withObject(ended(live, m.clock.now())) : last, gone: true };
  }
  if (sameJson(marked, live)) return { revision: current, gone: false };
  const revision = await commitPut(m, marked, commit);
  return revision && { revision, gone: false };
}

/** What could have taken time, and took none, is answered with its end. */
function ended(live: Stored, nowMs: number): KubeObject {
  const object = copyJson(live) as KubeObject;
  const metadata = object.metadata!;
  if (!metadata.deletionTimestamp && metadata.generation) metadata.generation++;
  return { ...object, metadata: { ...metadata, deletionTimestamp: timestamp(nowMs), deletionGracePeriodSeconds: 0 } };
}

function checkPreconditions(resource: Resource, { metadata }: Stored, { preconditions }: DeleteCall): void {
  const { uid, resourceVersion } = preconditions ?? {};
  const isAnother = uid && uid !== metadata.uid;
  if (!isAnother && (!resourceVersion || resourceVersion === metadata.resourceVersion)) return;
  // Here upstream names the kind where everywhere else it names the resource.
  const kind = { ...resource, plural: resource.kind };
  const differs = (what: string, wanted: string, found: string) =>
    `the ${what} in the precondition (${wanted}) does not match the ${what} in record (${found}). The object might have been `;
  throw conflict(
    kind,
    metadata.name,
    isAnother
      ? `${differs("UID", uid, metadata.uid)}deleted and then recreated`
      : `${differs("ResourceVersion", resourceVersion!, metadata.resourceVersion)}modified`,
  );
}

/** The object as it waits for its end; `undefined`: nothing holds it. */
function mark(resource: Resource, live: Stored, call: DeleteCall, nowMs: number): KubeObject | undefined {
  const grace = graceFor(resource, live, call.gracePeriodSeconds);
  const finalizers = finalizersFor(resource, live.metadata, call);
  const held = heldByContent(resource, live);
  if (!held && grace === 0 && finalizers.length === 0) return undefined;
  const marked = copyJson(live) as KubeObject;
  if (held) markTerminating(marked);
  const metadata = marked.metadata!;
  if (finalizers.length > 0) metadata.finalizers = finalizers;
  else delete metadata.finalizers;
  if (!metadata.deletionTimestamp && metadata.generation) metadata.generation++;
  if (!metadata.deletionTimestamp || grace < (metadata.deletionGracePeriodSeconds ?? 0)) {
    metadata.deletionTimestamp = timestamp(nowMs + grace * 1000);
    // How long a namespace takes is known to nobody.
    if (!held) metadata.deletionGracePeriodSeconds = grace;
  }
  return marked;
}

const orphan = "orphan";
const foreground = "foregroundDeletion";

/** The two finalizers that tell the garbage collector what to do with dependents. */
function finalizersFor(
  resource: Resource,
  { finalizers = [] }: ObjectMeta,
  { propagationPolicy }: DeleteCall,
): string[] {
  const others = finalizers.filter((finalizer) => finalizer !== orphan && finalizer !== foreground);
  if (propagationPolicy === "Orphan") return [...others, orphan];
  if (propagationPolicy === "Foreground") return [...others, foreground];
  if (propagationPolicy === "Background") return others;
  if (finalizers.length > others.length) return [...finalizers];
  return rulesOf(resource).orphansByDefault ? [...others, orphan] : others;
}
