/** Which functions validate which kind, beyond metadata and closed sets of values. */
import type { KubeObject } from "../object.ts";
import * as access from "./access.ts";
import * as addresses from "./addresses.ts";
import * as admission from "./admission.ts";
import * as batch from "./batch.ts";
import * as cluster from "./cluster.ts";
import * as config from "./config.ts";
import * as csi from "./csi.ts";
import * as devices from "./devices.ts";
import * as events from "./events.ts";
import * as extensions from "./extensions.ts";
import * as flow from "./flow_control.ts";
import * as limits from "./limits.ts";
import * as network from "./network.ts";
import * as pod from "./pod.ts";
import { validatePodParts } from "./pod_parts.ts";
import { validatePodTemplate } from "./pod_spec.ts";
import type { Report } from "./report.ts";
import { fixed } from "./rules.ts";
import * as scaling from "./scaling.ts";
import * as service from "./service.ts";
import * as signing from "./signing_requests.ts";
import * as storage from "./storage.ts";
import * as trust from "./trust_bundles.ts";
import * as workloads from "./workloads.ts";

export interface Validators {
  /** Only of a new object. */
  readonly create?: (object: KubeObject, report: Report) => void;
  /** The object by itself. */
  readonly object?: (object: KubeObject, report: Report) => void;
  /** What may not change. */
  readonly update?: (object: KubeObject, old: KubeObject, report: Report) => void;
  /** Also of what is written through a subresource. */
  readonly write?: (object: KubeObject, old: KubeObject, report: Report, subresource?: string) => void;
}

/** Every function takes its own kind; the key beside it says that this object is one. */
function row<A, B = A>(
  name: string,
  object?: (object: A, report: Report) => void,
  update?: (object: B, old: B, report: Report) => void,
  write?: (object: B, old: B, report: Report, subresource?: string) => void,
  create?: (object: A, report: Report) => void,
): [string, Validators] {
  return [name, { object, update, write, create } as unknown as Validators];
}

/** Kinds whose spec is decided once. */
const fixedSpec = fixed("spec");

type WithTemplate = { template?: Parameters<typeof validatePodTemplate>[0] };

export const validatorsPerKind: ReadonlyMap<string, Validators> = new Map([
  row("v1 ConfigMap", config.validateConfigMap, config.validateImmutableFlag),
  row("v1 Endpoints", network.validateEndpoints),
  row("v1 Event", events.validateEvent),
  row("v1 LimitRange", limits.validateLimitRange),
  row("v1 Namespace", cluster.validateNamespace),
  row("v1 Node", cluster.validateNode, cluster.validateNodeUpdate),
  row("v1 PersistentVolume", storage.validateVolume, storage.validateVolumeUpdate),
  row("v1 PersistentVolumeClaim", storage.validateClaim, storage.validateClaimUpdate),
  row("v1 Pod", pod.validatePod, pod.validatePodUpdate, validatePodParts, pod.validateNewPod),
  row("v1 PodTemplate", ({ template }: WithTemplate, report) => validatePodTemplate(template, report.at("template"))),
  row("v1 ReplicationController", workloads.validateReplicationController),
  row("v1 ResourceQuota", limits.validateResourceQuota),
  row("v1 Secret", config.validateSecret, config.validateSecretUpdate),
  row("v1 Service", service.validateService, service.validateServiceUpdate),
  row("admissionregistration.k8s.io/v1 MutatingAdmissionPolicy", admission.validateMutatingPolicy),
  row("admissionregistration.k8s.io/v1 MutatingAdmissionPolicyBinding", admission.validateMutatingPolicyBinding),
  row("admissionregistration.k8s.io/v1 MutatingWebhookConfiguration", admission.validateWebhooks),
  row("admissionregistration.k8s.io/v1 ValidatingAdmissionPolicy", admission.validatePolicy),
  row("admissionregistration.k8s.io/v1 ValidatingAdmissionPolicyBinding", admission.validatePolicyBinding),
  row("admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration", admission.validateWebhooks),
  row(
    "apiextensions.k8s.io/v1 CustomResourceDefinition",
    extensions.validateDefinition,
    extensions.validateDefinitionUpdate,
  ),
  row("apiregistration.k8s.io/v1 APIService", extensions.validateApiService),
  row("apps/v1 ControllerRevision", workloads.validateRevision, fixed("data")),
  row("apps/v1 DaemonSet", workloads.validateDaemonSet, workloads.validateSelectorUpdate),
  row("apps/v1 Deployment", workloads.validateDeployment, workloads.validateSelectorUpdate),
  row("apps/v1 ReplicaSet", workloads.validateReplicaSet, workloads.validateSelectorUpdate),
  row("apps/v1 StatefulSet", workloads.validateStatefulSet, workloads.validateStatefulSetUpdate),
  row("autoscaling/v1 HorizontalPodAutoscaler", scaling.validateAutoscaler),
  row("autoscaling/v2 HorizontalPodAutoscaler", scaling.validateAutoscaler),
  row("batch/v1 CronJob", batch.validateCronJob),
  row("batch/v1 Job", batch.validateJob, batch.validateJobUpdate, undefined, batch.validateNewJob),
  row(
    "certificates.k8s.io/v1 CertificateSigningRequest",
    signing.validateSigningRequest,
    undefined,
    signing.validateSigningRequestWrite,
  ),
  row("certificates.k8s.io/v1beta1 ClusterTrustBundle", trust.validateTrustBundle, trust.validateTrustBundleUpdate),
  row("coordination.k8s.io/v1 Lease", cluster.validateLease),
  row("discovery.k8s.io/v1 EndpointSlice", network.validateEndpointSlice, network.validateEndpointSliceUpdate),
  row("events.k8s.io/v1 Event", events.validateNewEvent),
  row("flowcontrol.apiserver.k8s.io/v1 FlowSchema", flow.validateFlowSchema),
  row("flowcontrol.apiserver.k8s.io/v1 PriorityLevelConfiguration", flow.validatePriorityLevel),
  row("networking.k8s.io/v1 IPAddress", addresses.validateIpAddress, fixed("spec.parentRef")),
  row("networking.k8s.io/v1 Ingress", network.validateIngress),
  row("networking.k8s.io/v1 IngressClass", network.validateIngressClass, network.validateIngressClassUpdate),
  row("networking.k8s.io/v1 NetworkPolicy", network.validateNetworkPolicy),
  row("networking.k8s.io/v1 ServiceCIDR", addresses.validateServiceCidr, addresses.validateServiceCidrUpdate),
  row("node.k8s.io/v1 RuntimeClass", cluster.validateRuntimeClass, cluster.validateRuntimeClassUpdate),
  row("policy/v1 PodDisruptionBudget", scaling.validateDisruptionBudget),
  row("rbac.authorization.k8s.io/v1 ClusterRole", access.validateClusterRole),
  row(
    "rbac.authorization.k8s.io/v1 ClusterRoleBinding",
    access.validateClusterRoleBinding,
    access.validateRoleRefUpdate,
  ),
  row("rbac.authorization.k8s.io/v1 Role", access.validateRole),
  row("rbac.authorization.k8s.io/v1 RoleBinding", access.validateRoleBinding, access.validateRoleRefUpdate),
  row("resource.k8s.io/v1 DeviceClass", devices.validateDeviceClass),
  row("resource.k8s.io/v1 ResourceClaim", devices.validateResourceClaim, fixedSpec),
  row("resource.k8s.io/v1 ResourceClaimTemplate", devices.validateResourceClaimTemplate, fixedSpec),
  row(
    "resource.k8s.io/v1 ResourceSlice",
    devices.validateResourceSlice,
    fixed("spec.driver", "spec.pool.name", "spec.nodeName", "spec.allNodes"),
  ),
  row("scheduling.k8s.io/v1 PriorityClass", cluster.validatePriorityClass, cluster.validatePriorityClassUpdate),
  row("storage.k8s.io/v1 CSIDriver", csi.validateCsiDriver, csi.validateCsiDriverUpdate),
  row("storage.k8s.io/v1 CSINode", csi.validateCsiNode, csi.validateCsiNodeUpdate),
  row("storage.k8s.io/v1 CSIStorageCapacity", csi.validateCsiCapacity, csi.validateCsiCapacityUpdate),
  row("storage.k8s.io/v1 StorageClass", storage.validateStorageClass, storage.validateStorageClassUpdate),
  row("storage.k8s.io/v1 VolumeAttachment", csi.validateAttachment, fixedSpec),
  row("storage.k8s.io/v1 VolumeAttributesClass", csi.validateAttributesClass, csi.validateAttributesClassUpdate),
]);
