/**
 * Endpoints (v1): the older form of EndpointSlices, one object a Service with all addresses, kept for those who read it.
 *
 * Law: an Endpoints object of a Service without a selector is its owner's and never touched.
 */
import type { IEndpoints } from "kubernetes-models/v1/Endpoints";
import type { IEndpointSubset } from "kubernetes-models/v1/EndpointSubset";
import type { IEndpoint } from "kubernetes-models/discovery.k8s.io/v1/Endpoint";
import { Endpoints, Node, Pod, refOf, Service } from "../runtime/schema/mod.ts";
import {
  type Controller,
  controller,
  creating,
  deleting,
  done,
  type LoopContext,
  type Outcome,
  reads,
  sameJson,
  updating,
  watches,
  type Write,
} from "../runtime/loop/mod.ts";
import { type EndpointGroup, familiesOf, planEndpoints, type ServiceObject } from "./endpoints/plan.ts";
import { mapSelectorOf } from "./objects/selectors.ts";
import { podsOfServices } from "./objects/service_pods.ts";

/** Larger Services are complete in their slices only, and their Endpoints say so (KEP-752). */
const mostAddresses = 1000;
const capacityAnnotation = "endpoints.kubernetes.io/over-capacity";

const managedLabel = "endpoints.kubernetes.io/managed-by";

export const endpoints: Controller = controller(Service, {
  name: "endpoint",
  watches: [podsOfServices(), watches(Endpoints), reads(Node)],
  async reconcile(key, scope): Promise<Outcome> {
    const service = scope.read(key);
    if (!service) await scope.apply(droppingManaged(key, scope));
    else if (!service.metadata.deletionTimestamp && service.spec?.selector && service.spec.type !== "ExternalName") {
      await scope.apply(writesFor(service, key, scope));
    }
    return done;
  },
});

function writesFor(service: ServiceObject, key: string, { informers }: LoopContext): Write[] {
  const matches = mapSelectorOf(service);
  const pods = informers.of(Pod).list(service.metadata.namespace).filter((pod) => matches(pod.metadata.labels));
  const nodes = new Map(informers.of(Node).list().map((node) => [node.metadata.name, node]));
  const all = subsetsOf(planEndpoints({ service, pods, nodes, family: familiesOf(service)[0]! }));
  const subsets = firstAddresses(all, mostAddresses);
  const labels = labelsOf(service);
  const before = informers.of(Endpoints).get(key);
  const annotations: Record<string, string> = { ...before?.metadata.annotations };
  delete annotations[capacityAnnotation];
  if (!sameJson(all, subsets)) annotations[capacityAnnotation] = "truncated";
  if (before && sameJson(before.subsets ?? [], subsets) && sameMarks(before, { labels, annotations })) return [];
  const { name, namespace } = service.metadata;
  const metadata = { ...before?.metadata, name, namespace, labels, annotations };
  const desired: IEndpoints = { ...before, apiVersion: "v1", kind: "Endpoints", metadata, subsets };
  return [before ? updating(Endpoints, desired) : creating(Endpoints, desired)];
}

type Marks = Pick<ServiceObject["metadata"], "labels" | "annotations">;

function sameMarks({ metadata }: { metadata: Marks }, { labels = {}, annotations = {} }: Marks): boolean {
  return sameJson(metadata.labels ?? {}, labels) && sameJson(metadata.annotations ?? {}, annotations);
}

/** The Service's labels, its own mark, and the mark of headless Services, which the proxy skips. */
function labelsOf(service: ServiceObject): Record<string, string> {
  const labels: Record<string, string> = { ...service.metadata.labels, [managedLabel]: "endpoint-controller" };
  delete labels["service.kubernetes.io/headless"];
  if (service.spec?.clusterIP === "None") labels["service.kubernetes.io/headless"] = "";
  return labels;
}

/** Sorted, so that the same endpoints make the same object. */
export function subsetsOf(groups: readonly EndpointGroup[]): IEndpointSubset[] {
  const subsets: IEndpointSubset[] = [];
  for (const { ports, endpoints: members } of groups) {
    const sorted = members.filter(({ conditions }) => conditions?.ready || !conditions?.terminating)
      .sort((a, b) => (a.addresses[0]! < b.addresses[0]! ? -1 : 1));
    const ready = sorted.filter(({ conditions }) => conditions?.ready).map(addressOf);
    const notReady = sorted.filter(({ conditions }) => !conditions?.ready).map(addressOf);
    const subset: IEndpointSubset = {};
    if (ready.length > 0) subset.addresses = ready;
    if (notReady.length > 0) subset.notReadyAddresses = notReady;
    const named = ports.map(({ name, port, protocol, appProtocol }) => ({
      ...(name ? { name } : {}),
      port: port!,
      protocol,
      ...(appProtocol ? { appProtocol } : {}),
    }));
    if (named.length > 0) subset.ports = named;
    if (ready.length + notReady.length > 0) subsets.push(subset);
  }
  return subsets.sort((a, b) => (JSON.stringify(a.ports) < JSON.stringify(b.ports) ? -1 : 1));
}

/** One object must stay small: ready addresses first, then others, and no more than `most` in all. */
export function firstAddresses(subsets: readonly IEndpointSubset[], most: number): IEndpointSubset[] {
  let left = most;
  const take = <T>(list: readonly T[] | undefined): T[] | undefined => {
    const taken = list?.slice(0, left);
    left -= taken?.length ?? 0;
    return taken?.length ? taken : undefined;
  };
  const ready = subsets.map(({ addresses }) => take(addresses));
  const notReady = subsets.map(({ notReadyAddresses }) => take(notReadyAddresses));
  return subsets.flatMap(({ ports }, at) => {
    const [addresses, notReadyAddresses] = [ready[at], notReady[at]];
    if (!addresses && !notReadyAddresses) return [];
    return [{
      ...(addresses ? { addresses } : {}),
      ...(notReadyAddresses ? { notReadyAddresses } : {}),
      ...(ports ? { ports } : {}),
    }];
  });
}

function addressOf({ addresses, hostname, nodeName, targetRef }: IEndpoint) {
  return { ip: addresses[0]!, ...(hostname ? { hostname } : {}), ...(nodeName ? { nodeName } : {}), targetRef };
}

/** Its Service is gone: what this loop made goes too; what somebody else made stays. */
function droppingManaged(key: string, { informers }: LoopContext): Write[] {
  const left = informers.of(Endpoints).get(key);
  if (left?.metadata.labels?.[managedLabel] !== "endpoint-controller") return [];
  return [deleting(Endpoints, refOf(key), { preconditions: { uid: left.metadata.uid } })];
}
