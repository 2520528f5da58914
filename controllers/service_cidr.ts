/**
 * ServiceCIDR: says when its ranges may be used, and keeps one that is going until no address of it is left that another
 * range doesn't hold too.
 *
 * Source: KEP-1880 (Multiple Service CIDRs).
 */
import type { IIPAddress } from "kubernetes-models/networking.k8s.io/v1/IPAddress";
import type { IServiceCIDR } from "kubernetes-models/networking.k8s.io/v1/ServiceCIDR";
import { IPAddress, keyOf, refOf, ServiceCIDR, type Stored } from "../runtime/schema/mod.ts";
import {
  type Controller,
  controller,
  done,
  type LoopContext,
  mapped,
  type Outcome,
  requeueAfter,
  type Scope,
} from "../runtime/loop/mod.ts";
import { timestamp } from "./objects/conditions.ts";
import { about } from "./objects/pod_template.ts";
import { onlyIn } from "./service_cidr/plan.ts";

const finalizer = "networking.k8s.io/service-cidr-finalizer";
/** Until every API server has seen that it is going and gives out none of its addresses any more. */
const graceMs = 10_000;

const inUse = "There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR";

/** An address that went, or a range that came, may set those free that are going. */
const going = (_: unknown, { informers }: LoopContext) =>
  informers.of(ServiceCIDR).list().filter(({ metadata }) => metadata.deletionTimestamp).map(keyOf);

export const serviceCidrs: Controller = controller(ServiceCIDR, {
  name: "service-cidr",
  eventSource: { component: "service-cidrs-controller" },
  watches: [
    mapped<IIPAddress>(IPAddress, going, { when: ({ type }) => type === "DELETED" }),
    mapped(ServiceCIDR, going),
  ],
  async reconcile(key, scope): Promise<Outcome> {
    const cidr = scope.read(key);
    if (!cidr) return done;
    if (cidr.metadata.deletionTimestamp) return await letGo(cidr, scope);
    const protectedNow = await keepFinalizer(cidr, scope, true);
    await setReady(protectedNow, scope, { status: "True", reason: "", message: "Kubernetes Service CIDR is ready" });
    return done;
  },
});

async function letGo(cidr: Stored<IServiceCIDR>, scope: Scope<IServiceCIDR>): Promise<Outcome> {
  if (!cidr.metadata.finalizers?.includes(finalizer)) return done;
  // The local copy may not know of the address that was given out a moment ago.
  const addresses = await scope.client.list(IPAddress);
  if (onlyIn(cidr, scope.informers.of(ServiceCIDR).list(), addresses.items.map(keyOf)).length > 0) {
    const isTold = cidr.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "False");
    if (!isTold) scope.recorder.event(about({ kind: ServiceCIDR, object: cidr }), "Warning", "Terminating", inUse);
    await setReady(cidr, scope, { status: "False", reason: "Terminating", message: inUse });
    return done;
  }
  const left = Date.parse(cidr.metadata.deletionTimestamp!) + graceMs - scope.clock.now();
  if (left > 0) return requeueAfter(left);
  await keepFinalizer(cidr, scope, false);
  return done;
}

async function keepFinalizer(
  cidr: Stored<IServiceCIDR>,
  { client }: Scope<IServiceCIDR>,
  wanted: boolean,
): Promise<Stored<IServiceCIDR>> {
  const { finalizers = [], resourceVersion } = cidr.metadata;
  if (finalizers.includes(finalizer) === wanted) return cidr;
  const next = wanted ? [...finalizers, finalizer] : finalizers.filter((one) => one !== finalizer);
  const body = { metadata: { finalizers: next, resourceVersion } };
  return await client.patch(ServiceCIDR, refOf(keyOf(cidr)), { type: "merge", body });
}

type Said = { readonly status: "True" | "False"; readonly reason: string; readonly message: string };

/** Who made it ready already (the API server does so with its own) need not be repeated in other words. */
async function setReady(cidr: Stored<IServiceCIDR>, { status, clock }: Scope<IServiceCIDR>, said: Said) {
  const conditions = cidr.status?.conditions ?? [];
  if (conditions.some((one) => one.type === "Ready" && one.status === said.status)) return;
  const ready = { type: "Ready", ...said, lastTransitionTime: timestamp(clock.now()) };
  await status(cidr, { conditions: [...conditions.filter(({ type }) => type !== "Ready"), ready] });
}
