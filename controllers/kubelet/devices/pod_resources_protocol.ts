/**
 * The messages of the PodResources service, version v1, as far as this node has something to say. v1alpha1's list is read by
 * old exporters; it is the same without what came later.
 *
 * Source: k8s.io/kubelet, podresources/v1.
 */
import { integer, list as many, message, nested, text, texts } from "../../../runtime/schema/codec/proto_message.ts";

const nothing = message({});

/** Nodes of memory that a device is near to. */
export const topologyInfo = message({ nodes: many(1, message({ id: integer(1) })) });

const containerDevices = message({ resource_name: text(1), device_ids: texts(2), topology: nested(3, topologyInfo) });
const claimResource = message({
  cdi_devices: many(1, message({ name: text(1) })),
  driver_name: text(2),
  pool_name: text(3),
  device_name: text(4),
});
const dynamicResource = message({
  claim_name: text(2),
  claim_namespace: text(3),
  claim_resources: many(4, claimResource),
});
const containerResources = message({
  name: text(1),
  devices: many(2, containerDevices),
  dynamic_resources: many(5, dynamicResource),
});
const podResources = message({ name: text(1), namespace: text(2), containers: many(3, containerResources) });

export type ContainerDevices = ReturnType<(typeof containerDevices)["decode"]>;
export type DynamicResource = ReturnType<(typeof dynamicResource)["decode"]>;
export type PodResources = ReturnType<(typeof podResources)["decode"]>;

export const list = {
  path: "/v1.PodResourcesLister/List",
  request: nothing,
  response: message({ pod_resources: many(1, podResources) }),
};

export const listBefore = { ...list, path: "/v1alpha1.PodResourcesLister/List" };

export const get = {
  path: "/v1.PodResourcesLister/Get",
  request: message({ pod_name: text(1), pod_namespace: text(2) }),
  response: message({ pod_resources: nested(1, podResources) }),
};

export const allocatable = {
  path: "/v1.PodResourcesLister/GetAllocatableResources",
  request: nothing,
  response: message({ devices: many(1, containerDevices) }),
};
