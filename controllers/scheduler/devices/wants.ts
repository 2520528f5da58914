/** What a pod's claims ask for, request by request, with the devices of one node that each could get. */
import type { IDeviceClass } from "kubernetes-models/resource.k8s.io/v1/DeviceClass";
import type { IDeviceSubRequest } from "kubernetes-models/resource.k8s.io/v1/DeviceSubRequest";
import type { IResourceClaim } from "kubernetes-models/resource.k8s.io/v1/ResourceClaim";
import { keyOf, type Stored } from "../../../runtime/schema/mod.ts";
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

/** Throws a SelectorError. */
export function wantsOf(claims: readonly ClaimObject[], supply: Supply): Want[] {
  return claims.flatMap((claim) => {
    const { requests = [], constraints = [] } = claim.spec.devices ?? {};
    return requests.map(({ name, exactly, firstAvailable = [] }): Want => ({
      claim,
      constraints,
      alternatives: exactly
        ? [alternative({ request: name, of: name, ask: { ...exactly, name }, claim }, supply)]
        : firstAvailable.map((ask) => alternative({ request: `${name}/${ask.name}`, of: name, ask, claim }, supply)),
    }));
  });
}

type Asked = Pick<Alternative, "request" | "of" | "ask"> & Pick<Want, "claim">;

function alternative({ request, of, ask, claim }: Asked, supply: Supply): Alternative {
  const all = ask.allocationMode === "All";
  const rules: readonly (readonly [string, Selectors])[] = [
    [`class ${ask.deviceClassName}`, supply.classOf(ask.deviceClassName)?.spec?.selectors ?? []],
    [`claim ${keyOf(claim)}`, ask.selectors ?? []],
  ];
  const matches = (offer: Offer) =>
    isReachable(offer, supply.node) && rules.every(([whose, selectors]) => selectsAll(selectors, offer, whose));
  const candidates: Candidate[] = [];
  let incomplete = false;
  for (const pool of supply.pools) {
    const matching = pool.offers.filter(matches);
    incomplete ||= matching.length > 0 && !pool.complete;
    if (pool.complete) candidates.push(...matching.flatMap((offer) => candidate(offer, ask) ?? []));
  }
  // What is ready at once is better.
  candidates.sort((a, b) => Number(isAwaited(a)) - Number(isAwaited(b)));
  // All of a pool that is being changed cannot be known.
  return { request, of, ask, count: all ? undefined : ask.count ?? 1, candidates: all && incomplete ? [] : candidates };
}

type Selectors = NonNullable<IDeviceSubRequest["selectors"]>;

/** A rule that cannot be worked out is nobody's no: whoever wrote it must be told. */
export class SelectorError extends Error {
  override readonly name = "SelectorError";
}

function selectsAll(selectors: Selectors, offer: Offer, whose: string): boolean {
  return selectors.every(({ cel }, at) => {
    try {
      return !cel || selects(cel.expression, offer);
    } catch (cause) {
      const when = (cause as Error).name === "CompileError" ? "compile" : "runtime";
      throw new SelectorError(`${whose}: selector #${at}: CEL ${when} error: ${(cause as Error).message}`, { cause });
    }
  });
}

function isAwaited({ offer: { device } }: Candidate): boolean {
  return (device.bindingConditions?.length ?? 0) > 0;
}

function candidate(
  offer: Offer,
  { tolerations = [], capacity, adminAccess }: Alternative["ask"],
): Candidate | undefined {
  const { device } = offer;
  const untolerated = (device.taints ?? []).some(({ effect, ...taint }) =>
    effect !== "None" && !tolerations.some((toleration) => tolerates(toleration, { effect, ...taint }))
  );
  if (untolerated && !adminAccess) return undefined;
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
