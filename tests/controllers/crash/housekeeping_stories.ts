/** What keeps a cluster in order: namespaces, owners, accounts, certificates, roles, quotas, volumes and claims. */
import {
  bootstrapTokens,
  certificateSigningRequests,
  claimProtection,
  clusterInfo,
  clusterRoleAggregation,
  deployments,
  ephemeralVolumes,
  garbageCollector,
  namespaces,
  persistentVolumeClaims,
  persistentVolumes,
  replicaSets,
  resourceClaimRelease,
  resourceClaims,
  resourceQuotas,
  rootCa,
  serviceAccounts,
  serviceAccountTokens,
  volumeProtection,
} from "../../../controllers/mod.ts";
import {
  bootstrapSecret,
  kubeletClientSigner,
  newPrivateKey,
  newSigningRequest,
  selfSign,
} from "../../../runtime/auth/mod.ts";
import {
  CertificateSigningRequest,
  ClusterRole,
  ConfigMap,
  Deployment,
  Namespace,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  ReplicaSet,
  ResourceClaim,
  ResourceClaimTemplate,
  ResourceQuota,
  Secret,
  ServiceAccount,
} from "../../../runtime/schema/mod.ts";
import { podPlayer } from "../pod_player.ts";
import { serviceAccountKey, type Stage, type Story } from "./lives.ts";

const labels = { app: "web" };
const podSpec = { containers: [{ name: "main", image: "x" }] };
const claimSpec = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } };
const rule = (resource: string) => ({ rules: [{ apiGroups: [""], resources: [resource], verbs: ["get"] }] });

async function ownedPods({ make, play }: Stage): Promise<void> {
  const template = { metadata: { labels }, spec: podSpec };
  await make(Deployment, "web", { spec: { replicas: 2, selector: { matchLabels: labels }, template } });
  await play([deployments, replicaSets, podPlayer()], (state) => {
    return state.one(Deployment, "web")?.status?.availableReplicas === 2 && state.of(Pod).length === 2;
  });
}

function deletion(propagationPolicy: "Background" | "Foreground" | "Orphan"): Story {
  return {
    title: `the garbage collector ends a deletion: ${propagationPolicy}`,
    loops: () => [garbageCollector()],
    world: () => [podPlayer()],
    begin: async (stage) => {
      await ownedPods(stage);
      await stage.remove(Deployment, "web", { propagationPolicy });
    },
    kinds: [Deployment, ReplicaSet, Pod],
    ended: (state) => {
      const left = state.of(Deployment).length + state.of(ReplicaSet).length + state.of(Pod).length;
      const orphan = state.of(ReplicaSet).some(({ metadata }) => (metadata.ownerReferences ?? []).length === 0);
      return propagationPolicy === "Orphan" ? left === 3 && orphan : left === 0;
    },
  };
}

const key = await newPrivateKey();
const validity = { notBefore: new Date(), notAfter: new Date(Date.now() + 86_400_000) };
const authority = { key, cert: await selfSign(key, "ca", validity) };
const subject = { commonName: "system:node:a", organizations: ["system:nodes"] };
const request = btoa(await newSigningRequest(key, { subject, usages: ["client"] }));
const isSigned = ({ status }: { status?: { certificate?: string } } = {}) => status?.certificate !== undefined;

export const housekeepingStories: readonly Story[] = [
  deletion("Background"),
  deletion("Foreground"),
  deletion("Orphan"),
  {
    title: "a namespace goes with all that is in it",
    loops: () => [namespaces],
    world: () => [podPlayer()],
    begin: async ({ make, client }) => {
      await make(ConfigMap, "one");
      await make(Pod, "web", { spec: podSpec });
      await client.delete(Namespace, { name: "work" });
    },
    kinds: [Namespace, ConfigMap, Pod],
    ended: (state) => state.one(Namespace, "work") === undefined,
  },
  {
    title: "a namespace gets its account and the cluster's certificate",
    loops: () => [serviceAccounts, rootCa({ ca: "PEM" })],
    begin: async ({ make }) => void await make(Namespace, "new"),
    kinds: [Namespace, ServiceAccount, ConfigMap],
    ended: (state) => {
      const count = state.of(Namespace).length;
      return count > 0 && state.of(ServiceAccount).length === count && state.of(ConfigMap).length >= count;
    },
  },
  {
    title: "an expired bootstrap token goes, and cluster-info is signed",
    loops: () => [bootstrapTokens(), clusterInfo({ ca: "PEM", server: "https://10.0.0.1:6443" })],
    begin: async ({ client }) => {
      const secret = (id: string, options = {}) =>
        client.create(
          Secret,
          bootstrapSecret({ id, secret: "0123456789abcdef" }, { description: "", ...options }) as never,
        );
      await secret("aaaaaa");
      await secret("bbbbbb", { expiresMs: Date.UTC(2020, 0, 1) });
    },
    kinds: [Secret, ConfigMap],
    ended: (state) =>
      state.one(ConfigMap, "cluster-info")?.data?.["jws-kubeconfig-aaaaaa"] !== undefined &&
      state.one(Secret, "bootstrap-token-bbbbbb") === undefined,
  },
  {
    title: "an aggregated ClusterRole holds the rules of others",
    loops: () => [clusterRoleAggregation],
    begin: async ({ make }) => {
      await make(ClusterRole, "part", { metadata: { labels }, ...rule("pods") });
      await make(ClusterRole, "whole", { aggregationRule: { clusterRoleSelectors: [{ matchLabels: labels }] } });
      const aggregationRule = { clusterRoleSelectors: [{ matchLabels: { whole: "yes" } }] };
      await make(ClusterRole, "wider", { aggregationRule });
      await make(ClusterRole, "middle", { metadata: { labels: { whole: "yes" } }, ...rule("secrets") });
    },
    kinds: [ClusterRole],
    ended: (state) => ["whole", "wider"].every((name) => state.one(ClusterRole, name)?.rules?.length === 1),
  },
  {
    title: "a quota tells what is used",
    loops: () => [resourceQuotas()],
    begin: async ({ make }) => {
      await make(ConfigMap, "one");
      await make(ResourceQuota, "limits", { spec: { hard: { configmaps: "5", pods: "3" } } });
    },
    kinds: [ResourceQuota],
    ended: (state) => state.one(ResourceQuota, "limits")?.status?.used?.configmaps === "1",
  },
  {
    title: "a claim finds its volume, which stays protected",
    loops: () => [persistentVolumes, persistentVolumeClaims, claimProtection, volumeProtection],
    begin: async ({ make, play }) => {
      for (const [name, size] of [["big", "5Gi"], ["small", "1Gi"]] as const) {
        const source = { hostPath: { path: "/tmp/none" }, persistentVolumeReclaimPolicy: "Retain" };
        await make(PersistentVolume, name, {
          spec: { accessModes: claimSpec.accessModes, capacity: { storage: size }, ...source },
        });
      }
      await play([persistentVolumes], (state) => {
        return ["big", "small"].every((name) => state.one(PersistentVolume, name)?.status?.phase === "Available");
      });
      await make(PersistentVolumeClaim, "data", { spec: { ...claimSpec, storageClassName: "" } });
    },
    kinds: [PersistentVolume, PersistentVolumeClaim],
    ended: (state) =>
      state.one(PersistentVolumeClaim, "data")?.status?.phase === "Bound" &&
      state.one(PersistentVolume, "small")?.status?.phase === "Bound" &&
      state.one(PersistentVolume, "big")?.status?.phase === "Available" &&
      [...state.of(PersistentVolume), ...state.of(PersistentVolumeClaim)].every(({ metadata }) => metadata.finalizers),
  },
  {
    title: "a deleted claim that nobody uses goes, and its volume is released",
    loops: () => [persistentVolumes, persistentVolumeClaims, claimProtection, volumeProtection],
    begin: async ({ make, play, remove }) => {
      const source = { hostPath: { path: "/tmp/none" }, persistentVolumeReclaimPolicy: "Retain" };
      await make(PersistentVolume, "small", {
        spec: { accessModes: claimSpec.accessModes, capacity: { storage: "1Gi" }, ...source },
      });
      await make(PersistentVolumeClaim, "data", { spec: { ...claimSpec, storageClassName: "" } });
      const loops = [persistentVolumes, persistentVolumeClaims, claimProtection, volumeProtection];
      await play(loops, (state) => state.one(PersistentVolume, "small")?.status?.phase === "Bound");
      await remove(PersistentVolumeClaim, "data");
    },
    kinds: [PersistentVolume, PersistentVolumeClaim],
    ended: (state) =>
      state.of(PersistentVolumeClaim).length === 0 &&
      state.one(PersistentVolume, "small")?.status?.phase === "Released",
  },
  {
    title: "a pod brings the claims of its ephemeral volumes",
    loops: () => [ephemeralVolumes],
    begin: async ({ make }) => {
      const volumes = ["a", "b"].map((name) => ({ name, ephemeral: { volumeClaimTemplate: { spec: claimSpec } } }));
      await make(Pod, "web", { spec: { ...podSpec, volumes } });
    },
    kinds: [PersistentVolumeClaim],
    ended: (state) => state.of(PersistentVolumeClaim).length === 2,
  },
  {
    title: "a pod gets the ResourceClaims of its templates, once",
    loops: () => [resourceClaims, resourceClaimRelease],
    begin: async ({ make }) => {
      const request = { name: "gpu", exactly: { deviceClassName: "gpus" } };
      await make(ResourceClaimTemplate, "gpu", { spec: { spec: { devices: { requests: [request] } } } });
      const claims = ["a", "b"].map((name) => ({ name, resourceClaimTemplateName: "gpu" }));
      await make(Pod, "web", { spec: { ...podSpec, resourceClaims: claims } });
    },
    kinds: [ResourceClaim, Pod],
    ended: (state) => state.one(Pod, "web")?.status?.resourceClaimStatuses?.length === 2,
  },
  {
    title: "a request that somebody approved is signed, and one that nobody may make is denied",
    loops: () => [certificateSigningRequests({ pki: { ca: authority } })],
    begin: async ({ make, client }) => {
      const usages = ["digital signature", "client auth"];
      await make(CertificateSigningRequest, "join", { spec: { request, signerName: kubeletClientSigner, usages } });
      const signerName = "kubernetes.io/kube-apiserver-client";
      const made = await make(CertificateSigningRequest, "person", { spec: { request, signerName, usages } });
      const conditions = [{ type: "Approved", status: "True" as const, reason: "Known", message: "" }];
      const approved = { ...made, status: { conditions } };
      await client.update(CertificateSigningRequest, approved, { subresource: "approval" });
    },
    kinds: [CertificateSigningRequest],
    ended: (state) =>
      isSigned(state.one(CertificateSigningRequest, "person")) &&
      state.one(CertificateSigningRequest, "join")?.status?.conditions?.[0]?.type === "Denied",
  },
  {
    title: "an account's Secret gets a token, and one without an account goes",
    loops: () => [
      serviceAccountTokens({ pki: { ca: authority, serviceAccountKey }, onRenewed: () => new DisposableStack() }),
    ],
    begin: async ({ make }) => {
      const type = "kubernetes.io/service-account-token";
      for (const name of ["default", "gone"]) {
        await make(Secret, name, { type, metadata: { annotations: { "kubernetes.io/service-account.name": name } } });
      }
    },
    kinds: [Secret],
    ended: (state) => state.one(Secret, "default")?.data?.token !== undefined && !state.one(Secret, "gone"),
  },
];
