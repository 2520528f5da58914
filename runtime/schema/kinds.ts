/**
 * Typed names of the built-in kinds, for loops: `client.get(Pod, ref)` returns a pod.
 *
 * A `Kind` only addresses; how a kind is stored, validated and shown is its row in the resource table. A kind of one's own:
 * `export const Widget: Kind<IWidget> = kind("example.com/v1", "Widget", "widgets", true)`.
 */
import type { IAPIService } from "kubernetes-models/apiregistration.k8s.io/v1/APIService";
import type { ICSIDriver } from "kubernetes-models/storage.k8s.io/v1/CSIDriver";
import type { ICSINode } from "kubernetes-models/storage.k8s.io/v1/CSINode";
import type { ICSIStorageCapacity } from "kubernetes-models/storage.k8s.io/v1/CSIStorageCapacity";
import type { ICertificateSigningRequest } from "kubernetes-models/certificates.k8s.io/v1/CertificateSigningRequest";
import type { IClusterRole } from "kubernetes-models/rbac.authorization.k8s.io/v1/ClusterRole";
import type { IClusterRoleBinding } from "kubernetes-models/rbac.authorization.k8s.io/v1/ClusterRoleBinding";
import type { IConfigMap } from "kubernetes-models/v1/ConfigMap";
import type { IControllerRevision } from "kubernetes-models/apps/v1/ControllerRevision";
import type { ICronJob } from "kubernetes-models/batch/v1/CronJob";
import type { ICustomResourceDefinition } from "kubernetes-models/apiextensions.k8s.io/v1/CustomResourceDefinition";
import type { IDaemonSet } from "kubernetes-models/apps/v1/DaemonSet";
import type { IDeployment } from "kubernetes-models/apps/v1/Deployment";
import type { IDeviceClass } from "kubernetes-models/resource.k8s.io/v1/DeviceClass";
import type { IEndpointSlice } from "kubernetes-models/discovery.k8s.io/v1/EndpointSlice";
import type { IEndpoints } from "kubernetes-models/v1/Endpoints";
import type { IEvent } from "kubernetes-models/v1/Event";
import type { IFlowSchema } from "kubernetes-models/flowcontrol.apiserver.k8s.io/v1/FlowSchema";
import type { IHorizontalPodAutoscaler } from "kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler";
import type { IIPAddress } from "kubernetes-models/networking.k8s.io/v1/IPAddress";
import type { IIngress } from "kubernetes-models/networking.k8s.io/v1/Ingress";
import type { IIngressClass } from "kubernetes-models/networking.k8s.io/v1/IngressClass";
import type { IJob } from "kubernetes-models/batch/v1/Job";
import type { ILease } from "kubernetes-models/coordination.k8s.io/v1/Lease";
import type { ILimitRange } from "kubernetes-models/v1/LimitRange";
import type { IMutatingAdmissionPolicy } from "kubernetes-models/admissionregistration.k8s.io/v1/MutatingAdmissionPolicy";
import type { IMutatingAdmissionPolicyBinding } from "kubernetes-models/admissionregistration.k8s.io/v1/MutatingAdmissionPolicyBinding";
import type { IMutatingWebhookConfiguration } from "kubernetes-models/admissionregistration.k8s.io/v1/MutatingWebhookConfiguration";
import type { INamespace } from "kubernetes-models/v1/Namespace";
import type { INetworkPolicy } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicy";
import type { INode } from "kubernetes-models/v1/Node";
import type { IPersistentVolume } from "kubernetes-models/v1/PersistentVolume";
import type { IPersistentVolumeClaim } from "kubernetes-models/v1/PersistentVolumeClaim";
import type { IPod } from "kubernetes-models/v1/Pod";
import type { IPodDisruptionBudget } from "kubernetes-models/policy/v1/PodDisruptionBudget";
import type { IPodTemplate } from "kubernetes-models/v1/PodTemplate";
import type { IPriorityClass } from "kubernetes-models/scheduling.k8s.io/v1/PriorityClass";
import type { IPriorityLevelConfiguration } from "kubernetes-models/flowcontrol.apiserver.k8s.io/v1/PriorityLevelConfiguration";
import type { IReplicaSet } from "kubernetes-models/apps/v1/ReplicaSet";
import type { IReplicationController } from "kubernetes-models/v1/ReplicationController";
import type { IResourceClaim } from "kubernetes-models/resource.k8s.io/v1/ResourceClaim";
import type { IResourceClaimTemplate } from "kubernetes-models/resource.k8s.io/v1/ResourceClaimTemplate";
import type { IResourceQuota } from "kubernetes-models/v1/ResourceQuota";
import type { IResourceSlice } from "kubernetes-models/resource.k8s.io/v1/ResourceSlice";
import type { IRole } from "kubernetes-models/rbac.authorization.k8s.io/v1/Role";
import type { IRoleBinding } from "kubernetes-models/rbac.authorization.k8s.io/v1/RoleBinding";
import type { IRuntimeClass } from "kubernetes-models/node.k8s.io/v1/RuntimeClass";
import type { ISecret } from "kubernetes-models/v1/Secret";
import type { IService } from "kubernetes-models/v1/Service";
import type { IServiceAccount } from "kubernetes-models/v1/ServiceAccount";
import type { IServiceCIDR } from "kubernetes-models/networking.k8s.io/v1/ServiceCIDR";
import type { IStatefulSet } from "kubernetes-models/apps/v1/StatefulSet";
import type { IStorageClass } from "kubernetes-models/storage.k8s.io/v1/StorageClass";
import type { IValidatingAdmissionPolicy } from "kubernetes-models/admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy";
import type { IValidatingAdmissionPolicyBinding } from "kubernetes-models/admissionregistration.k8s.io/v1/ValidatingAdmissionPolicyBinding";
import type { IValidatingWebhookConfiguration } from "kubernetes-models/admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration";
import type { IVolumeAttachment } from "kubernetes-models/storage.k8s.io/v1/VolumeAttachment";
import type { IVolumeAttributesClass } from "kubernetes-models/storage.k8s.io/v1/VolumeAttributesClass";
import type { KubeObject } from "./object.ts";

declare const objectType: unique symbol;

export interface Kind<T = KubeObject> {
  /** `v1`, `apps/v1` */
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
  /** Type of its objects; never set. */
  readonly [objectType]?: T;
}

export function kind<T = KubeObject>(apiVersion: string, kind: string, plural: string, namespaced: boolean): Kind<T> {
  return { apiVersion, kind, plural, namespaced };
}

export const MutatingAdmissionPolicy: Kind<IMutatingAdmissionPolicy> = kind(
  "admissionregistration.k8s.io/v1",
  "MutatingAdmissionPolicy",
  "mutatingadmissionpolicies",
  false,
);
export const MutatingAdmissionPolicyBinding: Kind<IMutatingAdmissionPolicyBinding> = kind(
  "admissionregistration.k8s.io/v1",
  "MutatingAdmissionPolicyBinding",
  "mutatingadmissionpolicybindings",
  false,
);
export const MutatingWebhookConfiguration: Kind<IMutatingWebhookConfiguration> = kind(
  "admissionregistration.k8s.io/v1",
  "MutatingWebhookConfiguration",
  "mutatingwebhookconfigurations",
  false,
);
export const ValidatingAdmissionPolicy: Kind<IValidatingAdmissionPolicy> = kind(
  "admissionregistration.k8s.io/v1",
  "ValidatingAdmissionPolicy",
  "validatingadmissionpolicies",
  false,
);
export const ValidatingAdmissionPolicyBinding: Kind<IValidatingAdmissionPolicyBinding> = kind(
  "admissionregistration.k8s.io/v1",
  "ValidatingAdmissionPolicyBinding",
  "validatingadmissionpolicybindings",
  false,
);
export const ValidatingWebhookConfiguration: Kind<IValidatingWebhookConfiguration> = kind(
  "admissionregistration.k8s.io/v1",
  "ValidatingWebhookConfiguration",
  "validatingwebhookconfigurations",
  false,
);
export const CustomResourceDefinition: Kind<ICustomResourceDefinition> = kind(
  "apiextensions.k8s.io/v1",
  "CustomResourceDefinition",
  "customresourcedefinitions",
  false,
);
export const APIService: Kind<IAPIService> = kind("apiregistration.k8s.io/v1", "APIService", "apiservices", false);
export const ControllerRevision: Kind<IControllerRevision> = kind(
  "apps/v1",
  "ControllerRevision",
  "controllerrevisions",
  true,
);
export const DaemonSet: Kind<IDaemonSet> = kind("apps/v1", "DaemonSet", "daemonsets", true);
export const Deployment: Kind<IDeployment> = kind("apps/v1", "Deployment", "deployments", true);
export const ReplicaSet: Kind<IReplicaSet> = kind("apps/v1", "ReplicaSet", "replicasets", true);
export const StatefulSet: Kind<IStatefulSet> = kind("apps/v1", "StatefulSet", "statefulsets", true);
export const HorizontalPodAutoscaler: Kind<IHorizontalPodAutoscaler> = kind(
  "autoscaling/v2",
  "HorizontalPodAutoscaler",
  "horizontalpodautoscalers",
  true,
);
export const CronJob: Kind<ICronJob> = kind("batch/v1", "CronJob", "cronjobs", true);
export const Job: Kind<IJob> = kind("batch/v1", "Job", "jobs", true);
/** Certificates of authorities, of a signer or of nobody in particular. (certificates.k8s.io/v1beta1, KEP-3257) */
export interface IClusterTrustBundle {
  readonly apiVersion: "certificates.k8s.io/v1beta1";
  readonly kind: "ClusterTrustBundle";
  readonly metadata?: KubeObject["metadata"];
  readonly spec?: { readonly signerName?: string; readonly trustBundle?: string };
}

export const ClusterTrustBundle: Kind<IClusterTrustBundle> = kind(
  "certificates.k8s.io/v1beta1",
  "ClusterTrustBundle",
  "clustertrustbundles",
  false,
);
export const CertificateSigningRequest: Kind<ICertificateSigningRequest> = kind(
  "certificates.k8s.io/v1",
  "CertificateSigningRequest",
  "certificatesigningrequests",
  false,
);
export const Lease: Kind<ILease> = kind("coordination.k8s.io/v1", "Lease", "leases", true);
export const ConfigMap: Kind<IConfigMap> = kind("v1", "ConfigMap", "configmaps", true);
export const Endpoints: Kind<IEndpoints> = kind("v1", "Endpoints", "endpoints", true);
export const Event: Kind<IEvent> = kind("v1", "Event", "events", true);
export const LimitRange: Kind<ILimitRange> = kind("v1", "LimitRange", "limitranges", true);
export const Namespace: Kind<INamespace> = kind("v1", "Namespace", "namespaces", false);
export const Node: Kind<INode> = kind("v1", "Node", "nodes", false);
export const PersistentVolume: Kind<IPersistentVolume> = kind("v1", "PersistentVolume", "persistentvolumes", false);
export const PersistentVolumeClaim: Kind<IPersistentVolumeClaim> = kind(
  "v1",
  "PersistentVolumeClaim",
  "persistentvolumeclaims",
  true,
);
export const Pod: Kind<IPod> = kind("v1", "Pod", "pods", true);
export const PodTemplate: Kind<IPodTemplate> = kind("v1", "PodTemplate", "podtemplates", true);
export const ReplicationController: Kind<IReplicationController> = kind(
  "v1",
  "ReplicationController",
  "replicationcontrollers",
  true,
);
export const ResourceQuota: Kind<IResourceQuota> = kind("v1", "ResourceQuota", "resourcequotas", true);
export const Secret: Kind<ISecret> = kind("v1", "Secret", "secrets", true);
export const Service: Kind<IService> = kind("v1", "Service", "services", true);
export const ServiceAccount: Kind<IServiceAccount> = kind("v1", "ServiceAccount", "serviceaccounts", true);
export const EndpointSlice: Kind<IEndpointSlice> = kind("discovery.k8s.io/v1", "EndpointSlice", "endpointslices", true);
export const FlowSchema: Kind<IFlowSchema> = kind(
  "flowcontrol.apiserver.k8s.io/v1",
  "FlowSchema",
  "flowschemas",
  false,
);
export const PriorityLevelConfiguration: Kind<IPriorityLevelConfiguration> = kind(
  "flowcontrol.apiserver.k8s.io/v1",
  "PriorityLevelConfiguration",
  "prioritylevelconfigurations",
  false,
);
export const IPAddress: Kind<IIPAddress> = kind("networking.k8s.io/v1", "IPAddress", "ipaddresses", false);
export const Ingress: Kind<IIngress> = kind("networking.k8s.io/v1", "Ingress", "ingresses", true);
export const IngressClass: Kind<IIngressClass> = kind("networking.k8s.io/v1", "IngressClass", "ingressclasses", false);
export const NetworkPolicy: Kind<INetworkPolicy> = kind(
  "networking.k8s.io/v1",
  "NetworkPolicy",
  "networkpolicies",
  true,
);
export const ServiceCIDR: Kind<IServiceCIDR> = kind("networking.k8s.io/v1", "ServiceCIDR", "servicecidrs", false);
export const RuntimeClass: Kind<IRuntimeClass> = kind("node.k8s.io/v1", "RuntimeClass", "runtimeclasses", false);
export const PodDisruptionBudget: Kind<IPodDisruptionBudget> = kind(
  "policy/v1",
  "PodDisruptionBudget",
  "poddisruptionbudgets",
  true,
);
export const ClusterRole: Kind<IClusterRole> = kind(
  "rbac.authorization.k8s.io/v1",
  "ClusterRole",
  "clusterroles",
  false,
);
export const ClusterRoleBinding: Kind<IClusterRoleBinding> = kind(
  "rbac.authorization.k8s.io/v1",
  "ClusterRoleBinding",
  "clusterrolebindings",
  false,
);
export const Role: Kind<IRole> = kind("rbac.authorization.k8s.io/v1", "Role", "roles", true);
export const RoleBinding: Kind<IRoleBinding> = kind(
  "rbac.authorization.k8s.io/v1",
  "RoleBinding",
  "rolebindings",
  true,
);
export const DeviceClass: Kind<IDeviceClass> = kind("resource.k8s.io/v1", "DeviceClass", "deviceclasses", false);
export const ResourceClaim: Kind<IResourceClaim> = kind("resource.k8s.io/v1", "ResourceClaim", "resourceclaims", true);
export const ResourceClaimTemplate: Kind<IResourceClaimTemplate> = kind(
  "resource.k8s.io/v1",
  "ResourceClaimTemplate",
  "resourceclaimtemplates",
  true,
);
export const ResourceSlice: Kind<IResourceSlice> = kind("resource.k8s.io/v1", "ResourceSlice", "resourceslices", false);
export const PriorityClass: Kind<IPriorityClass> = kind(
  "scheduling.k8s.io/v1",
  "PriorityClass",
  "priorityclasses",
  false,
);
export const CSIDriver: Kind<ICSIDriver> = kind("storage.k8s.io/v1", "CSIDriver", "csidrivers", false);
export const CSINode: Kind<ICSINode> = kind("storage.k8s.io/v1", "CSINode", "csinodes", false);
export const CSIStorageCapacity: Kind<ICSIStorageCapacity> = kind(
  "storage.k8s.io/v1",
  "CSIStorageCapacity",
  "csistoragecapacities",
  true,
);
export const StorageClass: Kind<IStorageClass> = kind("storage.k8s.io/v1", "StorageClass", "storageclasses", false);
export const VolumeAttachment: Kind<IVolumeAttachment> = kind(
  "storage.k8s.io/v1",
  "VolumeAttachment",
  "volumeattachments",
  false,
);
export const VolumeAttributesClass: Kind<IVolumeAttributesClass> = kind(
  "storage.k8s.io/v1",
  "VolumeAttributesClass",
  "volumeattributesclasses",
  false,
);
