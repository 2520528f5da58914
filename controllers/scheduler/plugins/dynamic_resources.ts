/**
 * Dynamic resources: a pod goes where its claims' devices are, or where they can be given to it.
 *
 * Source: KEP-4381, Kubernetes docs "Dynamic Resource Allocation".
 */
import { resourceClaimName } from "../../objects/pod_resource_claims.ts";
import { allocate } from "../devices/allocate.ts";
import type { DeviceView } from "../devices/device_view.ts";
import { type ClaimObject, SelectorError, wantsOf } from "../devices/wants.ts";
import type { NodeState } from "../node_state.ts";
import { type FilterPlugin, nowhere } from "../plugin.ts";
import type { PodFacts } from "../pod_facts.ts";
import { nodeSelectorMatches } from "./node_selector.ts";

/** So many users a claim may have (API field reservedFor). */
const mostUsers = 256;

export const claimElsewhere = "resourceclaim not available on the node";

export const dynamicResources: FilterPlugin = {
  name: "DynamicResources",
  helpedBy: ["nodeAdded", "nodeChanged", "deviceChanged"],
  prepare(pod, { devices }) {
    if (!pod.spec.resourceClaims?.length) return undefined;
    const claims = claimsOf(pod, devices);
    if (typeof claims === "string") return nowhere(claims);
    const refusal = refuse(pod, claims, devices);
    if (refusal) return nowhere(refusal);
    const given = claims.flatMap((claim) => claim.status?.allocation?.nodeSelector ?? []);
    const open = claims.filter(({ status }) => !status?.allocation);
    return (node) => {
      if (!given.every((selector) => nodeSelectorMatches(selector, node))) {
        return [claimElsewhere];
      }
      return open.length === 0 ? undefined : refuseNode(open, node, devices);
    };
  },
};

/** The pod's claims, or why they are not there. */
export function claimsOf({ key, namespace, spec, claimStatus }: PodFacts, devices: DeviceView): ClaimObject[] | string {
  const claims: ClaimObject[] = [];
  for (const entry of spec.resourceClaims ?? []) {
    const name = resourceClaimName(entry, claimStatus);
    if (name === null) continue;
    if (name === undefined) return `waiting for the claim ${JSON.stringify(entry.name)} of pod ${key} to be created`;
    const claim = devices.claim(`${namespace}/${name}`);
    if (!claim) return `resourceclaim.resource.k8s.io ${JSON.stringify(name)} not found`;
    claims.push(claim);
  }
  return claims;
}

function refuse(pod: PodFacts, claims: readonly ClaimObject[], devices: DeviceView): string | undefined {
  for (const claim of claims) {
    const { metadata: { name, deletionTimestamp, ownerReferences = [] }, status } = claim;
    if (deletionTimestamp) return `resourceclaim ${JSON.stringify(name)} is being deleted`;
    const maker = ownerReferences.find(({ controller, kind }) => controller && kind === "Pod");
    if (maker && maker.uid !== pod.uid) return `ResourceClaim ${JSON.stringify(name)} was not created for the pod`;
    const users = status?.reservedFor ?? [];
    if (users.length >= mostUsers && !users.some((user) => user.uid === pod.uid)) return "resourceclaim in use";
    if (devices.isAssumed(claim)) return "resourceclaim is in the process of being allocated";
    const missing = status?.allocation ? undefined : missingClass(claim, devices);
    if (missing) return missing;
  }
}

function missingClass({ spec }: ClaimObject, devices: DeviceView): string | undefined {
  for (const { name, exactly, firstAvailable = [] } of spec.devices?.requests ?? []) {
    const missing = [exactly, ...firstAvailable].find((ask) => ask && !devices.classOf(ask.deviceClassName));
    if (missing) return `request ${name}: device class ${missing.deviceClassName} does not exist`;
  }
}

function refuseNode(open: readonly ClaimObject[], node: NodeState, devices: DeviceView): string[] | undefined {
  try {
    const wants = wantsOf(open, { node, pools: devices.pools(), classOf: devices.classOf });
    return allocate(wants, devices.ledger) ? undefined : ["cannot allocate all claims"];
  } catch (error) {
    if (!(error instanceof SelectorError)) return [(error as Error).message];
    throw new Error(`running "DynamicResources" filter plugin: ${error.message}`, { cause: error });
  }
}
