/** Rows of the groups around workloads: network, storage, nodes, scheduling, devices, events, leases. */
import { resourcesOf } from "./row.ts";

const regarding = ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"];

export const clusterResources = [
  ...resourcesOf({ group: "coordination.k8s.io", version: "v1" }, [
    { kind: "Lease", plural: "leases", namespaced: true },
  ]),
  ...resourcesOf({ group: "discovery.k8s.io", version: "v1" }, [
    { kind: "EndpointSlice", plural: "endpointslices", namespaced: true },
  ]),
  ...resourcesOf({ group: "events.k8s.io", version: "v1" }, [{
    kind: "Event",
    plural: "events",
    namespaced: true,
    shortNames: ["ev"],
    storageVersion: "v1",
    selects: [
      // Paths are those of the stored version.
      ...regarding.map((field) => [`regarding.${field}`, `involvedObject.${field}`] as const),
      "reason",
      ["reportingController", "reportingComponent"],
      "type",
    ],
  }]),
  ...resourcesOf({ group: "networking.k8s.io", version: "v1" }, [
    { kind: "IPAddress", plural: "ipaddresses", namespaced: false, shortNames: ["ip"] },
    {
      kind: "Ingress",
      plural: "ingresses",
      namespaced: true,
      shortNames: ["ing"],
      storedAs: "ingress",
      subresources: ["status"],
    },
    { kind: "IngressClass", plural: "ingressclasses", namespaced: false },
    { kind: "NetworkPolicy", plural: "networkpolicies", namespaced: true, shortNames: ["netpol"] },
    { kind: "ServiceCIDR", plural: "servicecidrs", namespaced: false, subresources: ["status"] },
  ]),
  ...resourcesOf({ group: "node.k8s.io", version: "v1" }, [
    { kind: "RuntimeClass", plural: "runtimeclasses", namespaced: false },
  ]),
  ...resourcesOf({ group: "resource.k8s.io", version: "v1" }, [
    { kind: "DeviceClass", plural: "deviceclasses", namespaced: false },
    { kind: "ResourceClaim", plural: "resourceclaims", namespaced: true, subresources: ["status"] },
    { kind: "ResourceClaimTemplate", plural: "resourceclaimtemplates", namespaced: true },
    {
      kind: "ResourceSlice",
      plural: "resourceslices",
      namespaced: false,
      selects: ["spec.nodeName", "spec.driver"],
      unselectable: "field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: %s",
    },
  ]),
  ...resourcesOf({ group: "scheduling.k8s.io", version: "v1" }, [
    { kind: "PriorityClass", plural: "priorityclasses", namespaced: false, shortNames: ["pc"] },
  ]),
  ...resourcesOf({ group: "storage.k8s.io", version: "v1" }, [
    { kind: "CSIDriver", plural: "csidrivers", namespaced: false },
    { kind: "CSINode", plural: "csinodes", namespaced: false },
    { kind: "CSIStorageCapacity", plural: "csistoragecapacities", namespaced: true },
    { kind: "StorageClass", plural: "storageclasses", namespaced: false, shortNames: ["sc"] },
    { kind: "VolumeAttachment", plural: "volumeattachments", namespaced: false, subresources: ["status"] },
    { kind: "VolumeAttributesClass", plural: "volumeattributesclasses", namespaced: false, shortNames: ["vac"] },
  ]),
];
