/**
 * EndpointSlice mirroring: Endpoints that somebody wrote by hand, for a Service without a selector, as EndpointSlices, so
 * that the proxy and DNS need to read one form only.
 *
 * Not its business: Endpoints of Services with a selector (they have slices of their own), those labelled to be skipped,
 * and those that old leader elections use as a lock.
 *
 * Source: KEP-0752 "EndpointSlice API", section on mirroring.
 */
import type { IEndpoints } from "kubernetes-models/v1/Endpoints";
import { Endpoints, EndpointSlice, refOf, Service, type Stored } from "../runtime/schema/mod.ts";
import { type Controller, controller, done, mapped, type Outcome, watches } from "../runtime/loop/mod.ts";
import type { AddressFamily } from "./endpoints/plan.ts";
import { mirroredFrame, mirroredGroups, mirrorManager } from "./endpointslice/mirror_plan.ts";
import { managedByLabel, planSlices, serviceNameLabel, type SliceObject } from "./endpointslice/plan.ts";
import { applySlices, removing } from "./endpointslice/writes.ts";

const skipLabel = "endpointslice.kubernetes.io/skip-mirror";
const lockAnnotation = "control-plane.alpha.kubernetes.io/leader";

export const endpointSliceMirroring: Controller = controller(Endpoints, {
  name: "endpoint-slice-mirroring",
  watches: [watches(Service), mapped(EndpointSlice, endpointsOf)],
  async reconcile(key, scope): Promise<Outcome> {
    const endpoints = scope.read(key);
    const service = scope.informers.of(Service).get(key);
    const own = scope.informers.of(EndpointSlice).list(refOf(key).namespace)
      .filter((slice) => endpointsOf(slice)[0] === key);
    const isMirrored = endpoints && !isSkipped(endpoints) && service && !service.spec?.selector;
    if (!isMirrored) {
      await applySlices([removing(own)], scope);
      return done;
    }
    const families: AddressFamily[] = ["IPv4", "IPv6"];
    const plans = families.map((family) => {
      const existing = own.filter(({ addressType }) => addressType === family);
      return planSlices({
        frame: mirroredFrame(endpoints),
        groups: mirroredGroups(endpoints, family),
        family,
        existing,
      });
    });
    await applySlices(plans, scope);
    return done;
  },
});

function isSkipped({ metadata: { labels, annotations, deletionTimestamp } }: Stored<IEndpoints>): boolean {
  return labels?.[skipLabel] === "true" || annotations?.[lockAnnotation] !== undefined ||
    deletionTimestamp !== undefined;
}

/** A slice of ours that somebody changed or deleted makes its Endpoints due. */
function endpointsOf({ metadata: { labels, namespace } }: SliceObject): string[] {
  return labels?.[managedByLabel] === mirrorManager ? [`${namespace}/${labels[serviceNameLabel]}`] : [];
}
