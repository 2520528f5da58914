/**
 * Services of type LoadBalancer without a machine that balances: the nodes themselves are the balancer. Their addresses
 * become the Service's, and the proxy of each node leads what arrives there to the endpoints.
 *
 * Not its business: Services with a `loadBalancerClass` (whoever made the class looks after them).
 */
import type { IEndpointSlice } from "kubernetes-models/discovery.k8s.io/v1/EndpointSlice";
import type { INode } from "kubernetes-models/v1/Node";
import type { IService } from "kubernetes-models/v1/Service";
import { EndpointSlice, keyOf, Node, refOf, Service, type Stored } from "../runtime/schema/mod.ts";
import {
  type Controller,
  controller,
  done,
  type LoopContext,
  mapped,
  type Outcome,
  patching,
  sameJson,
  type Scope,
} from "../runtime/loop/mod.ts";
import type { ServiceObject } from "./endpoints/plan.ts";
import { serviceNameLabel } from "./endpointslice/plan.ts";
import {
  hasIngress,
  ingressOf,
  isOurs,
  needsServingNodes,
  nodeFacts,
  portsOf,
  refusalOf,
  servingNodes,
} from "./load_balancer/plan.ts";
import { about } from "./objects/pod_template.ts";

/** Of upstream's cloud loops; nothing outside of the cluster is to be cleaned up here. */
const finalizer = "service.kubernetes.io/load-balancer-cleanup";

export interface LoadBalancerOptions {
  /** `port/protocol` that no Service may take from the nodes, and whose it is: `6443/TCP` is `the API server`. */
  readonly reserved?: ReadonlyMap<string, string>;
}

export function loadBalancers({ reserved = new Map() }: LoadBalancerOptions = {}): Controller {
  return controller(Service, {
    name: "service-lb",
    eventSource: { component: "service-controller" },
    // One at a time, and each write is seen before the next: a port goes to one Service only.
    workers: 1,
    watches: [
      mapped<INode>(Node, (_, context) => allOurs(context).map(keyOf), {
        when: ({ object, old, type }) => type !== "MODIFIED" || !old || !sameJson(nodeFacts(object), nodeFacts(old)),
      }),
      mapped<IEndpointSlice>(EndpointSlice, servedLocally),
      mapped<IService>(Service, waitingFor, { when: ({ type }) => type !== "ADDED" }),
    ],
    async reconcile(key, scope): Promise<Outcome> {
      const service = scope.read(key);
      if (!service) return done;
      if (isOurs(service)) await balance(service, reserved, scope);
      else if (!service.spec?.loadBalancerClass) await letGo(service, scope);
      return done;
    },
  });
}

function allOurs({ informers }: LoopContext): ServiceObject[] {
  return informers.of(Service).list().filter(isOurs);
}

/** Where endpoints are matters to those alone that are reached on their own nodes. */
function servedLocally({ metadata: { namespace, labels } }: Stored<IEndpointSlice>, { informers }: LoopContext) {
  const key = `${namespace}/${labels?.[serviceNameLabel]}`;
  const service = informers.of(Service).get(key);
  return service && isOurs(service) && needsServingNodes(service) ? [key] : [];
}

/** A port that somebody may have given up is wanted by those who have none. */
function waitingFor(service: ServiceObject, context: LoopContext): string[] {
  const ports = portsOf(service);
  const waiting = allOurs(context).filter((other) => !hasIngress(other));
  return waiting.filter((other) => portsOf(other).some((port) => ports.includes(port))).map(keyOf);
}

async function balance(service: ServiceObject, reserved: ReadonlyMap<string, string>, scope: Scope<IService>) {
  const { informers } = scope;
  const refusal = refusalOf(service, { services: informers.of(Service).list(), reserved });
  const ingress = refusal ? [] : ingressOf(service, nodesFor(service, scope));
  if (refusal) {
    const message = `Error syncing load balancer: failed to ensure load balancer: ${refusal}`;
    tell(service, scope, ["Warning", "SyncLoadBalancerFailed", message]);
  } else if (ingress.length === 0) {
    tell(service, scope, ["Warning", "UnAvailableLoadBalancer", "There are no available nodes for LoadBalancer"]);
  } else if (!sameJson(service.status?.loadBalancer?.ingress, ingress)) {
    tell(service, scope, ["Normal", "EnsuredLoadBalancer", "Ensured load balancer"]);
  }
  await setIngress(service, ingress, scope);
}

function nodesFor(service: ServiceObject, { informers }: LoopContext) {
  const nodes = informers.of(Node).list();
  if (!needsServingNodes(service)) return nodes;
  const { name, namespace } = service.metadata;
  const slices = informers.of(EndpointSlice).list(namespace);
  const serving = servingNodes(slices.filter(({ metadata }) => metadata.labels?.[serviceNameLabel] === name));
  return nodes.filter((node) => serving.has(node.metadata.name));
}

async function setIngress(service: ServiceObject, ingress: ReturnType<typeof ingressOf>, scope: Scope<IService>) {
  if (ingress.length === 0 && !hasIngress(service)) return;
  await scope.status(service, { ...service.status, loadBalancer: ingress.length > 0 ? { ingress } : {} });
}

/** It goes, or is of another type now. */
async function letGo(service: ServiceObject, scope: Scope<IService>): Promise<void> {
  const { finalizers = [], resourceVersion } = service.metadata;
  if (!service.metadata.deletionTimestamp) await setIngress(service, [], scope);
  if (!finalizers.includes(finalizer)) return;
  const left = finalizers.filter((one) => one !== finalizer);
  const body = { metadata: { finalizers: left, resourceVersion } };
  await scope.apply([patching(Service, refOf(keyOf(service)), { type: "merge", body })]);
}

type Words = readonly [type: "Normal" | "Warning", reason: string, message: string];

function tell(service: ServiceObject, { recorder }: LoopContext, [type, reason, message]: Words): void {
  recorder.event(about({ kind: Service, object: service }), type, reason, message);
}
