/** Which function fills in which kind; kinds that are not here have no defaults that need code. */
import type { IPodTemplate } from "kubernetes-models/v1/PodTemplate";
import type { KubeObject } from "../object.ts";
import * as access from "./access.ts";
import * as admission from "./admission.ts";
import * as apps from "./apps.ts";
import * as autoscaling from "./autoscaling.ts";
import * as batch from "./batch.ts";
import * as cluster from "./cluster.ts";
import * as extensions from "./extensions.ts";
import * as network from "./network.ts";
import * as pod from "./pod.ts";
import { defaultService } from "./service.ts";
import * as storage from "./storage.ts";

type Defaulter = (object: KubeObject) => void;

/** Every function takes its own kind; the key beside it says that this object is one. */
function row<T>(name: string, fillIn: (object: T) => void): [string, Defaulter] {
  return [name, fillIn as unknown as Defaulter];
}

export const defaultersPerKind: ReadonlyMap<string, Defaulter> = new Map([
  row("v1 Endpoints", cluster.defaultEndpoints),
  row("v1 LimitRange", cluster.defaultLimitRange),
  row("v1 Namespace", cluster.defaultNamespace),
  row("v1 Node", cluster.defaultNode),
  row("v1 PersistentVolume", storage.defaultVolumeOfCluster),
  row("v1 PersistentVolumeClaim", storage.defaultClaim),
  row("v1 Pod", pod.defaultPod),
  row("v1 PodTemplate", ({ template }: IPodTemplate) => pod.defaultPodTemplate(template)),
  row("v1 ReplicationController", apps.defaultReplicationController),
  row("v1 Secret", cluster.defaultSecret),
  row("v1 Service", defaultService),
  row("admissionregistration.k8s.io/v1 MutatingAdmissionPolicy", admission.defaultAdmissionPolicy),
  row("admissionregistration.k8s.io/v1 MutatingAdmissionPolicyBinding", admission.defaultAdmissionPolicyBinding),
  row("admissionregistration.k8s.io/v1 MutatingWebhookConfiguration", admission.defaultMutatingWebhooks),
  row("admissionregistration.k8s.io/v1 ValidatingAdmissionPolicy", admission.defaultAdmissionPolicy),
  row("admissionregistration.k8s.io/v1 ValidatingAdmissionPolicyBinding", admission.defaultAdmissionPolicyBinding),
  row("admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration", admission.defaultValidatingWebhooks),
  row("apiextensions.k8s.io/v1 CustomResourceDefinition", extensions.defaultDefinition),
  row("apiregistration.k8s.io/v1 APIService", extensions.defaultApiService),
  row("apps/v1 DaemonSet", apps.defaultDaemonSet),
  row("apps/v1 Deployment", apps.defaultDeployment),
  row("apps/v1 ReplicaSet", apps.defaultReplicaSet),
  row("apps/v1 StatefulSet", apps.defaultStatefulSet),
  row("authentication.k8s.io/v1 TokenRequest", access.defaultTokenRequest),
  row("autoscaling/v1 HorizontalPodAutoscaler", autoscaling.defaultAutoscalerV1),
  row("autoscaling/v2 HorizontalPodAutoscaler", autoscaling.defaultAutoscaler),
  row("batch/v1 CronJob", batch.defaultCronJob),
  row("batch/v1 Job", batch.defaultJob),
  row("discovery.k8s.io/v1 EndpointSlice", network.defaultEndpointSlice),
  row("flowcontrol.apiserver.k8s.io/v1 FlowSchema", access.defaultFlowSchema),
  row("flowcontrol.apiserver.k8s.io/v1 PriorityLevelConfiguration", access.defaultPriorityLevel),
  row("networking.k8s.io/v1 IngressClass", network.defaultIngressClass),
  row("networking.k8s.io/v1 NetworkPolicy", network.defaultNetworkPolicy),
  row("rbac.authorization.k8s.io/v1 ClusterRoleBinding", access.defaultRoleBinding),
  row("rbac.authorization.k8s.io/v1 RoleBinding", access.defaultRoleBinding),
  row("resource.k8s.io/v1 ResourceClaim", extensions.defaultResourceClaim),
  row("resource.k8s.io/v1 ResourceClaimTemplate", extensions.defaultResourceClaimTemplate),
  row("scheduling.k8s.io/v1 PriorityClass", cluster.defaultPriorityClass),
  row("storage.k8s.io/v1 CSIDriver", storage.defaultCsiDriver),
  row("storage.k8s.io/v1 StorageClass", storage.defaultStorageClass),
]);
