/**
 * Which devices pods hold, told to whoever watches over devices (exporters of GPUs' figures): the PodResources service at
 * `pod-resources/kubelet.sock`. The node binds nobody to CPUs or memory, so that of these nothing is told.
 *
 * Source: KEP-606; Kubernetes docs, "Monitoring device plugin resources".
 */
import { grpcCode, GrpcError, type GrpcHandler, grpcServe } from "../../../runtime/client/grpc.ts";
import { keyOf } from "../../../runtime/schema/mod.ts";
import { isTerminal, lastingContainersOf, type Pod } from "../pod/pod.ts";
import type { Agent } from "../sync/agent.ts";
import type { Device } from "./device_plugin.ts";
import type { ClaimedDevice } from "./dra/pod_claims.ts";
import { holderOf } from "./free_devices.ts";
import {
  allocatable,
  type ContainerDevices,
  type DynamicResource,
  get,
  list,
  listBefore,
  type PodResources,
} from "./pod_resources_protocol.ts";

export async function servePodResources(agent: Agent, socket: string): Promise<AsyncDisposable> {
  const all = async () => {
    const pods = await Promise.all(livingPods(agent).map((pod) => resourcesOf(agent, pod)));
    return list.response.encode({ pod_resources: pods });
  };
  return await grpcServe(socket, {
    [list.path]: answering(all),
    [listBefore.path]: answering(all),
    [allocatable.path]: answering(() => allocatable.response.encode({ devices: healthyDevices(agent) })),
    [get.path]: answering(async (message) => {
      const { pod_name: name, pod_namespace: namespace } = get.request.decode(message);
      const pod = livingPods(agent).find(({ metadata }) => keyOf({ metadata }) === `${namespace}/${name}`);
      if (!pod) throw new GrpcError(grpcCode.unknown, `pod ${name} in namespace ${namespace} not found`);
      return get.response.encode({ pod_resources: await resourcesOf(agent, pod) });
    }),
  });
}

function answering(answer: (message: Uint8Array) => Uint8Array | Promise<Uint8Array>): GrpcHandler {
  return async function* (message) {
    yield await answer(message);
  };
}

function livingPods({ pods }: Agent): readonly Pod[] {
  return (pods.list() as readonly Pod[]).filter((pod) => !isTerminal(pod));
}

async function resourcesOf(agent: Agent, pod: Pod): Promise<PodResources> {
  const { name, namespace = "" } = pod.metadata;
  const containers = await Promise.all(
    lastingContainersOf(pod).map(async (container) => ({
      name: container.name,
      devices: devicesOf(agent, pod, container.name),
      dynamic_resources: dynamicResources(await agent.claims.claimedBy(pod, container)),
    })),
  );
  return { name, namespace, containers };
}

function dynamicResources(claimed: readonly ClaimedDevice[]): DynamicResource[] {
  return [...Map.groupBy(claimed, ({ claim }) => claim.uid).values()].map((devices) => ({
    claim_name: devices[0]!.claim.name,
    claim_namespace: devices[0]!.claim.namespace,
    claim_resources: devices.map(({ driver, device }) => ({
      cdi_devices: device.cdi_device_ids.map((name) => ({ name })),
      driver_name: driver,
      pool_name: device.pool_name,
      device_name: device.device_name,
    })),
  }));
}

/** One entry a device, for each may have a place of its own. */
function devicesOf(agent: Agent, { metadata: { uid } }: Pod, container: string): ContainerDevices[] {
  const made = agent.mirror.of(uid).findLast(({ name, isSandbox }) => !isSandbox && name === container);
  const given = made?.devices ?? agent.chosenDevices.get(holderOf(uid, container)) ?? {};
  return Object.entries(given).flatMap(([resource, ids]) => {
    const known = agent.devices.pluginOf(resource)?.devices ?? [];
    return ids.map((id) => entry(resource, known.find((one) => one.id === id) ?? { id, healthy: false }));
  });
}

function healthyDevices({ devices }: Agent): ContainerDevices[] {
  return devices.all().flatMap(([resource, known]) =>
    known.filter(({ healthy }) => healthy).map((device) => entry(resource, device))
  );
}

function entry(resource: string, { id, topology }: Device): ContainerDevices {
  return { resource_name: resource, device_ids: [id], topology };
}
