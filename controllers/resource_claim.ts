/**
 * ResourceClaims of pods: makes those that come from templates, and tells the pod their names; frees devices and claims
 * that no pod uses any more.
 *
 * Laws: a claim that is there already for this entry of the pod is used, so a crash between making and telling makes no
 * second one; a claim in use is neither freed nor deleted.
 *
 * Source: KEP-4381 (structured parameters), Kubernetes docs "Dynamic Resource Allocation".
 */
import type { IPod } from "kubernetes-models/v1/Pod";
import type { IResourceClaim } from "kubernetes-models/resource.k8s.io/v1/ResourceClaim";
import {
  type Controller,
  controller,
  controllerOf,
  creating,
  deleting,
  done,
  mapped,
  type Outcome,
  patching,
  type Scope,
} from "../runtime/loop/mod.ts";
import {
  type Json,
  keyOf,
  Pod,
  refOf,
  ResourceClaim,
  ResourceClaimTemplate,
  type Stored,
} from "../runtime/schema/mod.ts";
import { controllerReference } from "./objects/ownership.ts";
import {
  claimProtection,
  type PodClaim,
  resourceClaimName,
  resourceClaimNames,
} from "./objects/pod_resource_claims.ts";
import { isActive, isFinished, type PodObject } from "./objects/pod_state.ts";
import { about, messageOf } from "./objects/pod_template.ts";

type Claim = Stored<IResourceClaim>;

const podClaimName = "resource.kubernetes.io/pod-claim-name";

export const resourceClaims: Controller = controller(Pod, {
  name: "resource-claim",
  eventSource: { component: "resource_claim" },
  concerns: ({ spec }) => (spec?.resourceClaims ?? []).length > 0,
  owns: [ResourceClaim],
  watches: [podsOfTemplates()],
  async reconcile(key, scope): Promise<Outcome> {
    const pod = scope.read(key);
    if (!pod || !isActive(pod)) return done;
    const missing = (pod.spec?.resourceClaims ?? []).filter((claim) =>
      resourceClaimName(claim, pod.status) === undefined
    );
    if (missing.length > 0) await makeClaims(pod, missing, scope);
    return done;
  },
});

function podsOfTemplates() {
  const uses = (pod: PodObject, name: string) =>
    pod.spec?.resourceClaims?.some(({ resourceClaimTemplateName }) => resourceClaimTemplateName === name);
  return mapped(
    ResourceClaimTemplate,
    ({ metadata: { namespace, name } }, { informers }) =>
      informers.of(Pod).list(namespace).filter((pod) => uses(pod, name)).map(keyOf),
    {
      when: ({ type }) => type === "ADDED",
    },
  );
}

async function makeClaims(pod: PodObject, missing: readonly PodClaim[], scope: Scope<IPod>): Promise<void> {
  const made: Json[] = [];
  for (const entry of missing) {
    try {
      made.push({ name: entry.name, resourceClaimName: await claimFor(pod, entry, scope) });
    } catch (error) {
      const words = `PodResourceClaim ${entry.name}: ${messageOf(error)}`;
      scope.recorder.event(about({ kind: Pod, object: pod }), "Warning", "FailedResourceClaimCreation", words);
      throw error;
    }
  }
  const body: Json = { metadata: { uid: pod.metadata.uid }, status: { resourceClaimStatuses: made } };
  await scope.apply([patching(Pod, refOf(keyOf(pod)), { type: "strategic", body }, { subresource: "status" })]);
}

async function claimFor(pod: PodObject, { name, resourceClaimTemplateName }: PodClaim, scope: Scope<IPod>) {
  const present = scope.children(ResourceClaim, pod)
    .find(({ metadata }) => metadata.annotations?.[podClaimName] === name && !metadata.deletionTimestamp);
  if (present) return present.metadata.name;
  const { name: podName, namespace } = pod.metadata;
  const template = scope.informers.of(ResourceClaimTemplate).get(`${namespace}/${resourceClaimTemplateName}`);
  if (!template) {
    const missing = `resourceclaimtemplate.resource.k8s.io "${resourceClaimTemplateName}" not found`;
    throw new Error(`resource claim template "${resourceClaimTemplateName}": ${missing}`);
  }
  const { metadata: { labels = {}, annotations = {} } = {}, spec } = template.spec;
  // A name of its own that says whose it is; the pod's status tells it, so it need not be guessable.
  const generated = `${podName}-${name}-${pod.metadata.uid.slice(0, 5)}`.slice(-253).replace(/^[^a-z0-9]+/, "");
  await scope.apply([creating(ResourceClaim, {
    apiVersion: "resource.k8s.io/v1",
    kind: "ResourceClaim",
    metadata: {
      name: generated,
      namespace,
      labels,
      annotations: { ...annotations, [podClaimName]: name },
      ownerReferences: [controllerReference(Pod, pod)],
    },
    spec,
  })]);
  return generated;
}

/** Claims whose users have gone give their devices back; one that was made for a pod that is over goes itself. */
export const resourceClaimRelease: Controller = controller(ResourceClaim, {
  name: "resource-claim-release",
  eventSource: { component: "resource_claim" },
  watches: [claimsOfPods()],
  async reconcile(key, scope): Promise<Outcome> {
    const claim = scope.read(key);
    if (!claim) return done;
    const users = (claim.status?.reservedFor ?? []).filter((user) => !hasEnded(user, claim, scope));
    if (claim.status && users.length < (claim.status.reservedFor?.length ?? 0)) {
      await scope.status(claim, statusWith(claim, users));
      // Its change makes the claim due again.
      return done;
    }
    if (users.length === 0) await release(claim, scope);
    return done;
  },
});

function claimsOfPods() {
  return mapped(Pod, (pod) => resourceClaimNames(pod).map((name) => `${pod.metadata.namespace}/${name}`), {
    when: ({ type, object }) => type === "DELETED" || isFinished(object),
  });
}

type User = NonNullable<NonNullable<IResourceClaim["status"]>["reservedFor"]>[number];

function hasEnded(
  { apiGroup, resource, name, uid }: User,
  claim: Claim,
  { informers }: Scope<IResourceClaim>,
): boolean {
  // Who else may use claims is not known here, so it uses them until it says otherwise.
  if (apiGroup || resource !== "pods") return false;
  const pod = informers.of(Pod).get(`${claim.metadata.namespace}/${name}`);
  return pod?.metadata.uid !== uid || isFinished(pod) ||
    (pod.metadata.deletionTimestamp !== undefined && !pod.spec?.nodeName);
}

/** Without users the devices are free for others. */
function statusWith({ status }: Claim, users: readonly User[]): IResourceClaim["status"] {
  const { allocation, devices, reservedFor: _before, ...rest } = status!;
  if (users.length > 0) return { ...rest, allocation, devices, reservedFor: [...users] };
  return rest;
}

async function release(claim: Claim, scope: Scope<IResourceClaim>): Promise<void> {
  const { uid, finalizers = [], deletionTimestamp } = claim.metadata;
  const ref = refOf(keyOf(claim));
  if (claim.status?.allocation && deletionTimestamp) return await scope.status(claim, statusWith(claim, []));
  // Not before: the scheduler sets it a moment ahead of the allocation.
  if (deletionTimestamp && finalizers.includes(claimProtection)) {
    const resourceVersion = claim.metadata.resourceVersion;
    const others = finalizers.filter((one) => one !== claimProtection);
    const body = { metadata: { uid, resourceVersion, finalizers: others } };
    await scope.apply([patching(ResourceClaim, ref, { type: "merge", body })]);
  }
  const owner = controllerOf(claim);
  if (owner?.kind !== "Pod" || deletionTimestamp) return;
  const pod = scope.informers.of(Pod).get(`${claim.metadata.namespace}/${owner.name}`);
  if (pod?.metadata.uid === owner.uid && isActive(pod)) return;
  await scope.apply([deleting(ResourceClaim, ref, { preconditions: { uid } })]);
}
