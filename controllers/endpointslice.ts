/**
 * EndpointSlice: where each Service's pods can be reached, in slices of a hundred.
 *
 * Not its business: Services without a selector (their owner writes slices), ExternalName Services (a DNS name, no pods).
 */
import type { IService } from "kubernetes-models/v1/Service";
import type { INode } from "kubernetes-models/v1/Node";
import { EndpointSlice, keyOf, Node, Pod, refOf, Service, type Stored } from "../runtime/schema/mod.ts";
import { type Controller, controller, done, mapped, type Outcome, sameJson, type Scope } from "../runtime/loop/mod.ts";
import { type AddressFamily, familiesOf, planEndpoints, type ServiceObject, zoneLabel } from "./endpoints/plan.ts";
import {
  managedByLabel,
  planSlices,
  serviceNameLabel,
  type SliceFrame,
  type SliceObject,
  type SlicePlan,
} from "./endpointslice/plan.ts";
import { isTopologyAware, withZoneHints, zoneFacts } from "./endpointslice/topology.ts";
import { applySlices, removing } from "./endpointslice/writes.ts";
import { controllerReference } from "./objects/ownership.ts";
import { about } from "./objects/pod_template.ts";
import { mapSelectorOf } from "./objects/selectors.ts";
import { podsOfServices } from "./objects/service_pods.ts";

const managedBy = "endpointslice-controller.k8s.io";

export const endpointSlices: Controller = controller(Service, {
  name: "endpoint-slice",
  watches: [podsOfServices(), mapped(EndpointSlice, serviceOf), servicesOnNodes(), servicesOfZones()],
  async reconcile(key, scope): Promise<Outcome> {
    const service = scope.read(key);
    if (!service || service.metadata.deletionTimestamp) return done;
    const all = scope.informers.of(EndpointSlice).list(refOf(key).namespace);
    const own = all.filter((slice) => serviceOf(slice)[0] === key);
    const selects = service.spec?.selector && service.spec.type !== "ExternalName";
    const families = selects ? familiesOf(service) : [];
    const stale = own.filter((slice) => !families.includes(slice.addressType as AddressFamily));
    await applySlices(
      [...families.map((family) => familyPlan({ service, own, family }, scope)), removing(stale)],
      scope,
    );
    return done;
  },
});

/** A node that comes after its pods, or moves to another zone, changes what the endpoints on it say. */
function servicesOnNodes() {
  const zoneOf = (node?: Stored<INode>) => node?.metadata.labels?.[zoneLabel];
  return mapped(Node, ({ metadata: { name } }, { informers }) => {
    const slices = informers.of(EndpointSlice);
    slices.addIndex("node", ({ endpoints }) => [...new Set(endpoints?.flatMap(({ nodeName }) => nodeName ?? []))]);
    return slices.by("node", name).flatMap(serviceOf);
  }, { when: ({ object, old }) => zoneOf(object) !== zoneOf(old) });
}

/** Where zones share the work, each node counts for all. */
function servicesOfZones() {
  return mapped<INode>(
    Node,
    (_, { informers }) => informers.of(Service).list().filter(isTopologyAware).map(keyOf),
    { when: ({ type, object, old }) => type !== "MODIFIED" || !old || !sameJson(zoneFacts(object), zoneFacts(old)) },
  );
}

/** A slice of ours that somebody changed or deleted makes its Service due. */
function serviceOf({ metadata: { labels, namespace } }: SliceObject): string[] {
  return labels?.[managedByLabel] === managedBy ? [`${namespace}/${labels[serviceNameLabel]}`] : [];
}

interface Work {
  readonly service: ServiceObject;
  readonly own: readonly SliceObject[];
  readonly family: AddressFamily;
}

function familyPlan({ service, own, family }: Work, { informers, recorder }: Scope<IService>): SlicePlan {
  const matches = mapSelectorOf(service);
  const pods = informers.of(Pod).list(service.metadata.namespace).filter((pod) => matches(pod.metadata.labels));
  const nodes = new Map(informers.of(Node).list().map((node) => [node.metadata.name, node]));
  const plain = planEndpoints({ service, pods, nodes, family });
  const existing = own.filter((slice) => slice.addressType === family);
  const frame = sliceFrameOf(service);
  if (!isTopologyAware(service)) return planSlices({ frame, groups: plain, family, existing });
  const { groups, refusal } = withZoneHints(plain, nodes.values(), family);
  const object = about({ kind: Service, object: service });
  if (refusal) recorder.event(object, "Warning", "TopologyAwareHintsDisabled", refusal);
  else if (!existing.some(({ endpoints }) => endpoints?.some(({ hints }) => hints))) {
    const message = `Topology Aware Hints has been enabled, addressType: ${family}`;
    recorder.event(object, "Normal", "TopologyAwareHintsEnabled", message);
  }
  return planSlices({ frame, groups, family, existing });
}

export function sliceFrameOf(service: ServiceObject): SliceFrame {
  const { name, namespace = "" } = service.metadata;
  const labels: Record<string, string> = { ...service.metadata.labels };
  delete labels["service.kubernetes.io/headless"];
  if (service.spec?.clusterIP === "None") labels["service.kubernetes.io/headless"] = "";
  labels[serviceNameLabel] = name;
  labels[managedByLabel] = managedBy;
  return { generateName: `${name}-`, namespace, labels, ownerReferences: [controllerReference(Service, service)] };
}
