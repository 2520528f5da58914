/** What a pod's claims ask for, request by request, with the devices of one node that each could get. */
import type { IDeviceClass } from "kubernetes-models/resource.k8s.io/v1/DeviceClass";
import type { IDeviceSubRequest } from "kubernetes-models/resource.k8s.io/v1/DeviceSubRequest";
import type { IResourceClaim } from "kubernetes-models/resource.k8s.io/v1/ResourceClaim";
import type { Stored } from "../../../runtime/schema/mod.ts";
import type { NodeState } from "../node_state.ts";
import { consumption } from "./capacity.ts";
import { selects } from "./device_selector.ts";
import { isReachable, type Offer, type Pool } from "./pools.ts";

export type ClaimObject = Stored<IResourceClaim>;
type Constraint = NonNullable<NonNullable<NonNullable<IResourceClaim["spec"]>["devices"]>["constraints"]>[number];
type Toleration = NonNullable<IDeviceSubRequest["tolerations"]>[number];

/** One request of one claim; the first of its alternatives that works is taken. */
export interface Want {
  readonly claim: ClaimObject;
  readonly constraints: readonly Constraint[];
  readonly alternatives: readonly Alternative[];
}

export interface Alternative {
  /** As results name it: `request` or `request/alternative`. */
  readonly request: string;
  readonly of: string;
  readonly ask: IDeviceSubRequest & { readonly adminAccess?: boolean };
  /** Absent: so many as there are. */
  readonly count?: number;
  readonly candidates: readonly Candidate[];
}

export interface Candidate {
  readonly offer: Offer;
  /** Thousandths of each capacity. */
  readonly takes: ReadonlyMap<string, number>;
}

export interface Supply {
  readonly node: NodeState;
  readonly pools: readonly Pool[];
  readonly classOf: (name: string) => IDeviceClass | undefined;
}

/** Throws the errors of selectors. */
export function wantsOf(claims: readonly ClaimObject[], supply: Supply): Want[] {
  return claims.flatMap((claim) => {
    const { requests = [], constraints = [] } = claim.spec.devices ?? {};
    return requests.map(({ name, exactly, firstAvailable = [] }): Want => ({
      claim,
      constraints,
      alternatives: exactly
        ? [alternative(name, name, { ...exactly, name }, supply)]
        : firstAvailable.map((ask) => alternative(`${name}/${ask.name}`, name, ask, supply)),
    }));
  });
}

function alternative(request: string, of: string, ask: Alternative["ask"], supply: Supply): Alternative {
  const all = ask.allocationMode === "All";
  const selectors = [...supply.classOf(ask.deviceClassName)?.spec?.selectors ?? [], ...ask.selectors ?? []];
  const matches = (offer: Offer) =>
    isReachable(offer, supply.node) && selectors.every(({ cel }) => !cel || selects(cel.expression, offer));
  const candidates: Candidate[] = [];
  let incomplete = false;
  for (const pool of supply.pools) {
    const matching = pool.offers.filter(matches);
    incomplete ||= matching.length > 0 && !pool.complete;
    if (pool.complete) candidates.push(...matching.flatMap((offer) => candidate(offer, ask) ?? []));
  }
  // All of a pool that is being changed cannot be known.
  return { request, of, ask, count: all ? undefined : ask.count ?? 1, candidates: all && incomplete ? [] : candidates };
}

/** Devices with conditions of their own for binding are passed over: nobody here waits for them. */
function candidate(
  offer: Offer,
  { tolerations = [], capacity, adminAccess }: Alternative["ask"],
): Candidate | undefined {
  const { device } = offer;
  const untolerated = (device.taints ?? []).some(({ effect, ...taint }) =>
    effect !== "None" && !tolerations.some((toleration) => tolerates(toleration, { effect, ...taint }))
  );
  if ((untolerated && !adminAccess) || device.bindingConditions?.length) return undefined;
  const takes = consumption(device, (capacity?.requests ?? {}) as Record<string, string | number>);
  return takes && { offer, takes };
}

interface Taint {
  readonly key: string;
  readonly value?: string;
  readonly effect: string;
}

function tolerates({ key, operator = "Equal", value = "", effect }: Toleration, taint: Taint): boolean {
  if (effect && effect !== taint.effect) return false;
  if (key && key !== taint.key) return false;
  return operator === "Exists" || (Boolean(key) && value === (taint.value ?? ""));
}
