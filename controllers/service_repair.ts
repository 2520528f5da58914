/**
 * Three loops that look after what Services were given: every address has its IPAddress and every IPAddress its Service, and
 * what cannot be mended is told by an Event.
 *
 * Law: an IPAddress whose Service isn't there yet may belong to a write under way, and is left alone for a minute.
 *
 * Node ports are written down nowhere but in the Services, so there is none that leaks or isn't allocated.
 */
import type { IIPAddress } from "kubernetes-models/networking.k8s.io/v1/IPAddress";
import type { IService } from "kubernetes-models/v1/Service";
import {
  familyOf,
  IPAddress,
  isReason,
  keyOf,
  refOf,
  Service,
  ServiceCIDR,
  type Stored,
} from "../runtime/schema/mod.ts";
import {
  type Controller,
  controller,
  done,
  type LoopContext,
  mapped,
  type Outcome,
  reads,
  requeueAfter,
  type Scope,
} from "../runtime/loop/mod.ts";
import { about } from "./objects/pod_template.ts";
import { rangesOf } from "./service_cidr/plan.ts";
import {
  addressesOf,
  addressFindings,
  claimFinding,
  type Finding,
  parentOf,
  portFindings,
  portsOf,
  type Surroundings,
} from "./service_repair/plan.ts";

const managedBy = "ipaddress.kubernetes.io/managed-by";
const allocator = "ipallocator.k8s.io";

export const clusterIpRepair: Controller = controller(Service, {
  name: "service-ip-repair",
  eventSource: { component: "ipallocator-repair-controller" },
  watches: [
    reads(ServiceCIDR),
    mapped<IIPAddress>(IPAddress, (claim) => [parentOf(claim) ?? ""].filter(Boolean), {
      when: ({ type }) => type !== "ADDED",
    }),
  ],
  async reconcile(key, scope): Promise<Outcome> {
    const known = scope.read(key);
    if (!known || addressFindings(known, around(scope)).length === 0) return done;
    // The local copies may be behind one another: only what the server says too is true.
    const service = await scope.client.get(Service, refOf(key));
    if (!service) return done;
    const claims = new Map<string, Stored<IIPAddress> | undefined>();
    for (const name of addressesOf(service)) claims.set(name, await scope.client.get(IPAddress, { name }));
    for (const finding of addressFindings(service, { ...around(scope), claimOf: (address) => claims.get(address) })) {
      scope.recorder.event(about({ kind: Service, object: service }), "Warning", finding.reason, finding.message);
      if (finding.claim) await reclaim(finding.claim, service, claims.get(finding.claim), scope);
    }
    return done;
  },
});

function around({ informers }: LoopContext): Surroundings {
  return {
    ranges: informers.of(ServiceCIDR).list().flatMap(rangesOf),
    claimOf: (address) => informers.of(IPAddress).get(address),
    isHeld: (key, address) => {
      const service = informers.of(Service).get(key);
      return service !== undefined && addressesOf(service).includes(address);
    },
  };
}

async function reclaim(
  address: string,
  { metadata }: Stored<IService>,
  wrong: Stored<IIPAddress> | undefined,
  { client }: Scope<IService>,
): Promise<void> {
  if (wrong) await remove(wrong, client);
  const { namespace, name } = metadata;
  const labels = { "ipaddress.kubernetes.io/ip-family": familyOf(address)!, [managedBy]: allocator };
  const spec = { parentRef: { resource: "services", namespace, name: name! } };
  try {
    const body = { apiVersion: "networking.k8s.io/v1", kind: "IPAddress", metadata: { name: address, labels }, spec };
    await client.create(IPAddress, body as IIPAddress);
  } catch (error) {
    if (!isReason(error, "AlreadyExists")) throw error;
  }
}

async function remove({ metadata }: Stored<IIPAddress>, client: LoopContext["client"]): Promise<void> {
  try {
    await client.delete(IPAddress, { name: metadata.name }, { preconditions: { uid: metadata.uid } });
  } catch (error) {
    if (!isReason(error, "NotFound") && !isReason(error, "Conflict")) throw error;
  }
}

const underWayMs = 60_000;

export const ipAddressRepair: Controller = controller(IPAddress, {
  name: "ip-address-repair",
  eventSource: { component: "ipallocator-repair-controller" },
  watches: [mapped(Service, (service) => addressesOf(service), { when: ({ type }) => type !== "ADDED" })],
  async reconcile(key, scope): Promise<Outcome> {
    const claim = scope.read(key);
    if (claim?.metadata.labels?.[managedBy] !== allocator) return done;
    const known = scope.informers.of(Service).get(parentOf(claim) ?? "");
    if (!claimFinding(claim, known)) return done;
    const age = scope.clock.now() - Date.parse(claim.metadata.creationTimestamp!);
    if (age < underWayMs) return requeueAfter(underWayMs - age);
    const finding = claimFinding(claim, await parent(claim, scope));
    if (!finding) return done;
    scope.recorder.event(about({ kind: IPAddress, object: claim }), "Warning", finding.reason, finding.message);
    await remove(claim, scope.client);
    return done;
  },
});

async function parent(claim: Stored<IIPAddress>, { client }: LoopContext): Promise<Stored<IService> | undefined> {
  const key = parentOf(claim);
  return key === undefined ? undefined : await client.get(Service, refOf(key));
}

/** Both ends belong to it. */
export function nodePortRepair({ first = 30000, last = 32767 } = {}): Controller {
  return controller(Service, {
    name: "service-port-repair",
    eventSource: { component: "portallocator-repair-controller" },
    start: ({ informers }) => informers.of(Service).addIndex("nodePort", (service) => portsOf(service).map(String)),
    reconcile(key, { read, informers, recorder }): Promise<Outcome> {
      const service = read(key);
      if (!service) return Promise.resolve(done);
      const isTaken = (port: number) =>
        informers.of(Service).by("nodePort", String(port)).some((other) => isBefore(other, service));
      const findings: Finding[] = portFindings(service, { first, last, isTaken });
      for (const { reason, message } of findings) {
        recorder.event(about({ kind: Service, object: service }), "Warning", reason, message);
      }
      return Promise.resolve(done);
    },
  });
}

function isBefore(one: Stored<IService>, other: Stored<IService>): boolean {
  const rank = ({ metadata }: Stored<IService>) => `${metadata.creationTimestamp} ${keyOf({ metadata })}`;
  return keyOf(one) !== keyOf(other) && rank(one) < rank(other);
}
