/**
 * EndpointSlice: where each Service's pods can be reached, in slices of a hundred.
 *
 * Not its business: Services without a selector (their owner writes slices), ExternalName Services (a DNS name, no pods).
 */
import type { IService } from "kubernetes-models/v1/Service";
import { EndpointSlice, keyOf, Node, Pod, refOf, Service } from "../runtime/schema/mod.ts";
import {
  type Controller,
  controller,
  creating,
  deleting,
  done,
  mapped,
  type Outcome,
  reads,
  type Scope,
  updating,
  type Write,
} from "../runtime/loop/mod.ts";
import { type AddressFamily, familiesOf, planEndpoints, type ServiceObject } from "./endpoint_plan.ts";
import { managedBy, managedByLabel, planSlices, serviceNameLabel, type SliceObject } from "./endpointslice_plan.ts";
import { mapSelectorOf } from "./selectors.ts";
import { podsOfServices } from "./service_pods.ts";

export const endpointSlices: Controller = controller(Service, {
  name: "endpoint-slice",
  watches: [podsOfServices(), mapped(EndpointSlice, serviceOf), reads(Node)],
  async reconcile(key, scope): Promise<Outcome> {
    const service = scope.read(key);
    if (!service || service.metadata.deletionTimestamp) return done;
    const all = scope.informers.of(EndpointSlice).list(refOf(key).namespace);
    const own = all.filter((slice) => serviceOf(slice)[0] === key);
    const selects = service.spec?.selector && service.spec.type !== "ExternalName";
    const families = selects ? familiesOf(service) : [];
    const stale = own.filter((slice) => !families.includes(slice.addressType as AddressFamily));
    const writes = families.flatMap((family) => familyWrites({ service, own, family }, scope));
    await scope.apply([...writes, ...stale.map(removing)]);
    return done;
  },
});

/** A slice of ours that somebody changed or deleted makes its Service due. */
function serviceOf({ metadata: { labels, namespace } }: SliceObject): string[] {
  return labels?.[managedByLabel] === managedBy ? [`${namespace}/${labels[serviceNameLabel]}`] : [];
}

interface Work {
  readonly service: ServiceObject;
  readonly own: readonly SliceObject[];
  readonly family: AddressFamily;
}

/** What is new first: an endpoint that moves between slices is for a moment in both, never in none. */
function familyWrites({ service, own, family }: Work, { informers }: Scope<IService>): Write[] {
  const matches = mapSelectorOf(service);
  const pods = informers.of(Pod).list(service.metadata.namespace).filter((pod) => matches(pod.metadata.labels));
  const nodes = new Map(informers.of(Node).list().map((node) => [node.metadata.name, node]));
  const groups = planEndpoints({ service, pods, nodes, family });
  const plan = planSlices({ service, groups, family, existing: own.filter((slice) => slice.addressType === family) });
  return [
    ...plan.create.map((slice) => creating(EndpointSlice, slice)),
    ...plan.update.map((slice) => updating(EndpointSlice, slice)),
    ...plan.remove.map(removing),
  ];
}

function removing(slice: SliceObject): Write {
  return deleting(EndpointSlice, refOf(keyOf(slice)), { preconditions: { uid: slice.metadata.uid } });
}
