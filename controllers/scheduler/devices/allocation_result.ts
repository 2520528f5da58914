/** What a claim's status says of the devices that it got (API type AllocationResult). Pure. */
import type { IDeviceClass } from "kubernetes-models/resource.k8s.io/v1/DeviceClass";
import type { Grant } from "./allocate.ts";
import type { Allocation, Offer, Result } from "./pools.ts";
import type { ClaimObject } from "./wants.ts";

export interface ResultOptions {
  readonly node: string;
  readonly classOf: (name: string) => IDeviceClass | undefined;
  /** Names one share of a device. */
  readonly newId: () => string;
  /** RFC 3339. */
  readonly now: string;
}

/** `grants`: those of this claim. */
export function allocationOf(claim: ClaimObject, grants: readonly Grant[], options: ResultOptions): Allocation {
  const nodeSelector = placesOf(grants.map(({ candidate }) => candidate.offer), options.node);
  const config = configOf(claim, grants, options);
  return {
    devices: { results: grants.map((grant) => resultOf(grant, options)), ...(config.length > 0 && { config }) },
    ...(nodeSelector && { nodeSelector }),
    allocationTimestamp: options.now,
  };
}

function resultOf(
  { alternative: { request, ask }, candidate: { offer, takes } }: Grant,
  { newId }: ResultOptions,
): Result {
  const { device, pool } = offer;
  const { bindingConditions, bindingFailureConditions } = device;
  const { adminAccess, tolerations } = ask;
  const shared = device.allowMultipleAllocations
    ? {
      shareID: newId(),
      consumedCapacity: Object.fromEntries([...takes].map(([name, milli]) => [name, quantity(milli)])),
    }
    : {};
  return {
    request,
    driver: pool.driver,
    pool: pool.name,
    device: device.name,
    ...(adminAccess && { adminAccess }),
    ...(tolerations?.length && { tolerations }),
    ...(bindingConditions?.length && { bindingConditions, bindingFailureConditions }),
    ...shared,
  };
}

function quantity(milli: number): string {
  return milli % 1000 === 0 ? String(milli / 1000) : `${milli}m`;
}

function configOf({ spec }: ClaimObject, grants: readonly Grant[], { classOf }: ResultOptions) {
  const alternatives = new Set(grants.map(({ alternative }) => alternative));
  const ofClasses = [...alternatives].flatMap(({ request, ask }) =>
    (classOf(ask.deviceClassName)?.spec?.config ?? []).map((one) => ({
      source: "FromClass" as const,
      requests: [request],
      ...one,
    }))
  );
  const given = new Set([...alternatives].flatMap(({ request, of }) => [request, of]));
  const ofClaim = (spec.devices?.config ?? [])
    .filter(({ requests = [] }) => requests.length === 0 || requests.some((name) => given.has(name)))
    .map((one) => ({ source: "FromClaim" as const, ...one }));
  return [...ofClasses, ...ofClaim];
}

/** From where all the devices can be reached; absent: from everywhere. */
function placesOf(offers: readonly Offer[], node: string): Allocation["nodeSelector"] {
  const places = offers.map(({ device, slice: { spec } }) => spec.perDeviceNodeSelection ? device : spec);
  if (places.some(({ nodeName }) => nodeName) || offers.some(({ device }) => device.bindsToNode)) {
    const matchFields = [{ key: "metadata.name", operator: "In" as const, values: [node] }];
    return { nodeSelectorTerms: [{ matchFields }] };
  }
  const terms = places.flatMap(({ nodeSelector }) => nodeSelector?.nodeSelectorTerms.slice(0, 1) ?? []);
  if (terms.length === 0) return undefined;
  const of = <T>(lists: (readonly T[] | undefined)[]) => {
    const different = new Map(lists.flatMap((list) => list ?? []).map((one) => [JSON.stringify(one), one]));
    return [...different.values()];
  };
  const matchExpressions = of(terms.map((term) => term.matchExpressions));
  const matchFields = of(terms.map((term) => term.matchFields));
  return {
    nodeSelectorTerms: [{
      ...(matchExpressions.length > 0 && { matchExpressions }),
      ...(matchFields.length > 0 && { matchFields }),
    }],
  };
}
