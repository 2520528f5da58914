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
import { holderOf } from "./free_devices.ts";
import {
  allocatable,
  type ContainerDevices,
  get,
  list,
  listBefore,
  type PodResources,
} from "./pod_resources_protocol.ts";

export async function servePodResources(agent: Agent, socket: string): Promise<AsyncDisposable> {
  const all = () => list.response.encode({ pod_resources: livingPods(agent).map((pod) => resourcesOf(agent, pod)) });
  return await grpcServe(socket, {
    [list.path]: answering(all),
    [listBefore.path]: answering(all),
    [allocatable.path]: answering(() => allocatable.response.encode({ devices: healthyDevices(agent) })),
    [get.path]: answering((message) => {
      const { pod_name: name, pod_namespace: namespace } = get.request.decode(message);
      const pod = livingPods(agent).find(({ metadata }) => keyOf({ metadata }) === `${namespace}/${name}`);
      if (!pod) throw new GrpcError(grpcCode.unknown, `pod ${name} in namespace ${namespace} not found`);
      return get.response.encode({ pod_resources: resourcesOf(agent, pod) });
    }),
  });
}

function answering(answer: (message: Uint8Array) => Uint8Array): GrpcHandler {
  return async function* (message) {
    yield answer(message);
  };
}

function livingPods({ pods }: Agent): readonly Pod[] {
  return (pods.list() as readonly Pod[]).filter((pod) => !isTerminal(pod));
}

function resourcesOf(agent: Agent, pod: Pod): PodResources {
  const { name, namespace = "" } = pod.metadata;
  const containers = lastingContainersOf(pod).map((container) => ({
    name: container.name,
    devices: devicesOf(agent, pod, container.name),
  }));
  return { name, namespace, containers };
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
