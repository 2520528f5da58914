/** ServiceAccount: every pod runs as one, and gets its token, the CA and its namespace as files. */
import { groupResourceOf, type Stored } from "../../schema/mod.ts";
import { generatedName } from "../objects/generated_name.ts";
import { forbidden } from "../objects/refusals.ts";
import type { AdmissionPlugin, AdmissionRequest, ClusterView } from "./admission.ts";

interface Container {
  volumeMounts?: { name: string; mountPath: string; readOnly?: boolean }[];
}

interface PodSpec {
  serviceAccountName?: string;
  serviceAccount?: string;
  automountServiceAccountToken?: boolean;
  imagePullSecrets?: { name?: string }[];
  volumes?: { name: string; [source: string]: unknown }[];
  containers: Container[];
  initContainers?: Container[];
}

interface ServiceAccount extends Stored {
  automountServiceAccountToken?: boolean;
  imagePullSecrets?: { name?: string }[];
}

const mountPath = "/var/run/secrets/kubernetes.io/serviceaccount";
const volumePrefix = "kube-api-access-";
const mirrorAnnotation = "kubernetes.io/config.mirror";
/** An hour, and seven seconds by which the kubelet recognises tokens that it must rotate sooner. */
const tokenSeconds = 3607;
/** The account of a new namespace is made by a loop a moment after it. */
const patienceMs = 1000;

export function serviceAccount(random: () => number): AdmissionPlugin {
  return {
    name: "ServiceAccount",
    admit(request, view) {
      const { resource, operation, object, subresource } = request;
      if (groupResourceOf(resource) !== "pods" || operation !== "CREATE" || subresource || !object!.spec) return;
      if (object!.metadata?.annotations?.[mirrorAnnotation] !== undefined) return;
      const spec = object!.spec as unknown as PodSpec;
      const name = spec.serviceAccountName ||= spec.serviceAccount || "default";
      spec.serviceAccount = name;
      const account = view.get("", "serviceaccounts", request.namespace, name);
      if (account) return complete(spec, account, random);
      return completeLater(request, view, spec, random);
    },
  };
}

async function completeLater(
  request: AdmissionRequest,
  view: ClusterView,
  spec: PodSpec,
  random: () => number,
): Promise<void> {
  const { resource, name, namespace } = request;
  const wanted = spec.serviceAccountName!;
  const account = await view.appears("", "serviceaccounts", namespace, wanted, patienceMs);
  if (account) return complete(spec, account, random);
  throw forbidden(
    resource,
    name,
    `error looking up service account ${namespace}/${wanted}: serviceaccount "${wanted}" not found`,
  );
}

function complete(spec: PodSpec, account: ServiceAccount, random: () => number): void {
  const automount = spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true;
  if (automount) mountToken(spec, random);
  if ((spec.imagePullSecrets ?? []).length === 0 && account.imagePullSecrets) {
    spec.imagePullSecrets = account.imagePullSecrets.map(({ name }) => ({ name }));
  }
}

function mountToken(spec: PodSpec, random: () => number): void {
  const containers = [...spec.initContainers ?? [], ...spec.containers ?? []];
  const without = containers.filter(({ volumeMounts = [] }) =>
    !volumeMounts.some((mount) => mount.mountPath === mountPath)
  );
  if (without.length === 0) return;
  const known = spec.volumes?.find(({ name }) => name.startsWith(volumePrefix));
  const name = known?.name ?? generatedName(volumePrefix, random);
  for (const container of without) {
    container.volumeMounts = [...container.volumeMounts ?? [], { name, readOnly: true, mountPath }];
  }
  if (!known) spec.volumes = [...spec.volumes ?? [], tokenVolume(name)];
}

function tokenVolume(name: string) {
  const namespaceItem = { path: "namespace", fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" } };
  return {
    name,
    projected: {
      defaultMode: 0o644,
      sources: [
        { serviceAccountToken: { expirationSeconds: tokenSeconds, path: "token" } },
        { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
        { downwardAPI: { items: [namespaceItem] } },
      ],
    },
  };
}
