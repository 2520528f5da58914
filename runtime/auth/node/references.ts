/** What a pod, or a volume for it, makes its node need: secrets, configmaps, claims and a ServiceAccount. Pure. */
import type { Json, Stored } from "../../schema/mod.ts";

/** `secrets team/db`, `persistentvolumeclaims team/data` */
export type Reference = string;

export function reference(plural: string, namespace: string | undefined, name: string): Reference {
  return `${plural} ${namespace ?? ""}/${name}`;
}

interface Named {
  readonly name?: string;
}

interface EnvSource {
  readonly configMapKeyRef?: Named;
  readonly secretKeyRef?: Named;
}

interface Container {
  readonly env?: readonly { readonly valueFrom?: EnvSource }[];
  readonly envFrom?: readonly { readonly configMapRef?: Named; readonly secretRef?: Named }[];
}

interface Volume {
  readonly name: string;
  readonly secret?: { readonly secretName?: string };
  readonly configMap?: Named;
  readonly projected?: { readonly sources?: readonly { readonly secret?: Named; readonly configMap?: Named }[] };
  readonly persistentVolumeClaim?: { readonly claimName: string };
  readonly ephemeral?: object;
  readonly [source: string]: unknown;
}

interface PodSpec {
  readonly nodeName?: string;
  readonly serviceAccountName?: string;
  readonly imagePullSecrets?: readonly Named[];
  readonly containers?: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly ephemeralContainers?: readonly Container[];
  readonly volumes?: readonly Volume[];
  readonly resourceClaims?: readonly { readonly resourceClaimName?: string }[];
}

interface PodStatus {
  readonly resourceClaimStatuses?: readonly { readonly resourceClaimName?: string }[];
}

export function nodeOf(pod: Stored): string | undefined {
  return (pod as { spec?: PodSpec }).spec?.nodeName || undefined;
}

const mirrorAnnotation = "kubernetes.io/config.mirror";

/** The pod itself is always among them; a mirror pod, which a node makes by itself, refers to nothing else. */
export function referencesOf(pod: Stored): Set<Reference> {
  const { name, namespace = "", annotations } = pod.metadata;
  const self = reference("pods", namespace, name);
  if (annotations?.[mirrorAnnotation] !== undefined) return new Set([self]);
  const { spec = {}, status = {} } = pod as { spec?: PodSpec; status?: PodStatus };
  const all = (plural: string, names: Iterable<string | undefined>) =>
    [...names].filter((name) => !!name).map((name) => reference(plural, namespace, name!));
  const claims = [...spec.resourceClaims ?? [], ...status.resourceClaimStatuses ?? []];
  return new Set([
    self,
    ...all("serviceaccounts", [spec.serviceAccountName]),
    ...all("secrets", secretsOf(spec)),
    ...all("configmaps", configMapsOf(spec)),
    ...all("persistentvolumeclaims", claimsOf(spec, name)),
    ...all("resourceclaims", claims.map(({ resourceClaimName }) => resourceClaimName)),
  ]);
}

function containersOf({ containers = [], initContainers = [], ephemeralContainers = [] }: PodSpec): Container[] {
  return [...containers, ...initContainers, ...ephemeralContainers];
}

function* secretsOf(spec: PodSpec): Iterable<string | undefined> {
  for (const { name } of spec.imagePullSecrets ?? []) yield name;
  for (const { env = [], envFrom = [] } of containersOf(spec)) {
    for (const { valueFrom } of env) yield valueFrom?.secretKeyRef?.name;
    for (const { secretRef } of envFrom) yield secretRef?.name;
  }
  for (const { name: _, secret, projected, ...sources } of spec.volumes ?? []) {
    yield secret?.secretName;
    for (const source of projected?.sources ?? []) yield source.secret?.name;
    for (const { name } of secretRefs(sources as Json)) yield name;
  }
}

function* configMapsOf(spec: PodSpec): Iterable<string | undefined> {
  for (const { env = [], envFrom = [] } of containersOf(spec)) {
    for (const { valueFrom } of env) yield valueFrom?.configMapKeyRef?.name;
    for (const { configMapRef } of envFrom) yield configMapRef?.name;
  }
  for (const { configMap, projected } of spec.volumes ?? []) {
    yield configMap?.name;
    for (const source of projected?.sources ?? []) yield source.configMap?.name;
  }
}

function* claimsOf({ volumes = [] }: PodSpec, podName: string): Iterable<string | undefined> {
  for (const { name, persistentVolumeClaim, ephemeral } of volumes) {
    yield persistentVolumeClaim?.claimName;
    if (ephemeral) yield `${podName}-${name}`;
  }
}

/** Volume sources name their secrets `secretRef`, `nodePublishSecretRef` and so on; azureFile has `secretName`. */
function* secretRefs(sources: Json): Iterable<{ name?: string; namespace?: string }> {
  if (typeof sources !== "object" || sources === null) return;
  for (const [key, value] of Object.entries(sources)) {
    if (/secretRef$/i.test(key)) yield value as { name?: string; namespace?: string };
    else yield* secretRefs(value as Json);
  }
  const { secretName, secretNamespace } = sources as { secretName?: string; secretNamespace?: string };
  if (typeof secretName === "string") yield { name: secretName, namespace: secretNamespace };
}

interface VolumeSpec {
  readonly claimRef?: { readonly namespace?: string; readonly name?: string };
}

/** The claim that a PersistentVolume is bound to, and the secrets that mounting it takes. */
export function volumeReferences(volume: Stored): { claim?: Reference; secrets: Reference[] } {
  const { spec = {} } = volume as { spec?: VolumeSpec };
  const { namespace, name } = spec.claimRef ?? {};
  if (!name) return { secrets: [] };
  const secrets = [...secretRefs(spec as Json)].filter((ref) => ref?.name)
    .map((ref) => reference("secrets", ref.namespace ?? namespace, ref.name!));
  return { claim: reference("persistentvolumeclaims", namespace, name), secrets };
}
