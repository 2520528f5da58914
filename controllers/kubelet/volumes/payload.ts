/** What the files of configMap, secret, downwardAPI and projected volumes hold, from the objects that they name. Pure. */
import type { IClusterTrustBundleProjection } from "kubernetes-models/v1/ClusterTrustBundleProjection";
import type { IConfigMap } from "kubernetes-models/v1/ConfigMap";
import type { ISecret } from "kubernetes-models/v1/Secret";
import { fieldValue } from "../container/field_ref.ts";
import { resourceValue } from "../container/resource_ref.ts";
import { allContainersOf, type Pod, type Volume } from "../pod/pod.ts";

export interface File {
  readonly bytes: Uint8Array;
  readonly mode: number;
  /** User id; absent: root. */
  readonly owner?: number;
}

/** Relative path to content. */
export type Payload = Map<string, File>;

export interface PayloadFacts {
  readonly pod: Pod;
  readonly podIps: readonly string[];
  readonly hostIps: readonly string[];
  readonly nodeAllocatable: Readonly<Record<string, string>>;
  readonly configMap: (name: string) => IConfigMap | undefined;
  readonly secret: (name: string) => ISecret | undefined;
  /** A ServiceAccount token for this audience (empty: the API server's) and life in seconds. */
  readonly token: (audience: string, expirationSeconds: number) => string;
  /** Certificates in PEM. Throws a `MountError` for what is missing. */
  readonly trustAnchors: (source: IClusterTrustBundleProjection) => string;
}

/** The volume can't be filled yet: the pod waits, and a FailedMount Event says for what. */
export class MountError extends Error {
  override readonly name = "MountError";
}

type Items = readonly { key: string; path: string; mode?: number }[] | undefined;
type Projection = NonNullable<NonNullable<Volume["projected"]>["sources"]>[number];
type DownwardItems = NonNullable<NonNullable<Volume["downwardAPI"]>["items"]>;

const defaultMode = 0o644;

export function payloadOf(volume: Volume, facts: PayloadFacts): Payload {
  const { configMap, secret, downwardAPI, projected } = volume;
  if (configMap) return fromConfigMap(configMap, facts, configMap.defaultMode ?? defaultMode);
  if (secret) return fromSecret({ ...secret, name: secret.secretName }, facts, secret.defaultMode ?? defaultMode);
  if (downwardAPI) return fromDownward(downwardAPI.items ?? [], facts, downwardAPI.defaultMode ?? defaultMode);
  const mode = projected?.defaultMode ?? defaultMode;
  const files: Payload = new Map();
  for (const source of projected?.sources ?? []) {
    for (const [path, file] of fromProjection(source, facts, mode)) files.set(path, file);
  }
  return files;
}

function fromProjection(source: Projection, facts: PayloadFacts, mode: number): Payload {
  if (source.configMap) return fromConfigMap(source.configMap, facts, mode);
  if (source.secret) return fromSecret(source.secret, facts, mode);
  if (source.downwardAPI) return fromDownward(source.downwardAPI.items ?? [], facts, mode);
  if (source.serviceAccountToken) {
    const { audience = "", expirationSeconds = 3600, path } = source.serviceAccountToken;
    return new Map([[path, {
      bytes: encode(facts.token(audience, expirationSeconds)),
      ...tokenRights(facts.pod, mode),
    }]]);
  }
  if (source.clusterTrustBundle) {
    const { path } = source.clusterTrustBundle;
    return new Map([[path, { bytes: encode(facts.trustAnchors(source.clusterTrustBundle)), mode }]]);
  }
  if (source.podCertificate) {
    throw new MountError("podCertificate sources need PodCertificateRequests, which this cluster does not serve");
  }
  // An API server that does not know a source leaves nothing of it.
  return new Map();
}

/** A token is for the pod's one user or for its group; only where it names neither anybody in it may read. (KEP-2451) */
function tokenRights(pod: Pod, mode: number): Pick<File, "mode" | "owner"> {
  const { runAsUser, fsGroup } = pod.spec?.securityContext ?? {};
  const users = new Set(allContainersOf(pod).map(({ securityContext }) => securityContext?.runAsUser ?? runAsUser));
  const owner = users.size === 1 ? [...users][0] : undefined;
  return owner === undefined && fsGroup === undefined ? { mode } : { mode: 0o600, owner };
}

interface NamedSource {
  readonly name?: string;
  readonly items?: Items;
  readonly optional?: boolean;
}

function fromConfigMap(source: NamedSource, { configMap }: PayloadFacts, mode: number): Payload {
  const { name = "", items, optional } = source;
  const found = configMap(name);
  if (!found && !optional) throw new MountError(`configmap "${name}" not found`);
  const content = new Map(Object.entries(found?.data ?? {}).map(([key, text]) => [key, encode(text)]));
  for (const [key, base64] of Object.entries(found?.binaryData ?? {})) content.set(key, Uint8Array.fromBase64(base64));
  return pick(content, { items, optional, mode, where: `configmap references non-existent config key` });
}

function fromSecret(source: NamedSource, { secret }: PayloadFacts, mode: number): Payload {
  const { name = "", items, optional } = source;
  const found = secret(name);
  if (!found && !optional) throw new MountError(`secret "${name}" not found`);
  const entries = Object.entries(found?.data ?? {}).map(([key, base64]) =>
    [key, Uint8Array.fromBase64(base64)] as const
  );
  return pick(new Map(entries), { items, optional, mode, where: `references non-existent secret key` });
}

interface PickOptions {
  readonly items: Items;
  readonly optional?: boolean;
  readonly mode: number;
  readonly where: string;
}

function pick(content: ReadonlyMap<string, Uint8Array>, { items, optional, mode, where }: PickOptions): Payload {
  if (!items) return new Map([...content].map(([key, bytes]) => [key, { bytes, mode }]));
  const files: Payload = new Map();
  for (const item of items) {
    const bytes = content.get(item.key);
    if (!bytes && !optional) throw new MountError(`${where}: ${item.key}`);
    if (bytes) files.set(item.path, { bytes, mode: item.mode ?? mode });
  }
  return files;
}

function fromDownward(items: DownwardItems, facts: PayloadFacts, mode: number): Payload {
  return new Map(items.map((item) => {
    const text = item.fieldRef
      ? fieldValue(item.fieldRef.fieldPath, facts)
      : resourceText(item.resourceFieldRef!, facts);
    return [item.path, { bytes: encode(text), mode: item.mode ?? mode }];
  }));
}

type ResourceFieldRef = NonNullable<DownwardItems[number]["resourceFieldRef"]>;

function resourceText(ref: ResourceFieldRef, facts: PayloadFacts): string {
  const container = allContainersOf(facts.pod).find(({ name }) => name === ref.containerName);
  if (!container) throw new MountError(`container ${ref.containerName} not found`);
  return resourceValue(ref, container, facts);
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** The smallest mark that tells two payloads apart. */
export async function payloadHash(payload: Payload): Promise<string> {
  const parts = [...payload].sort(([a], [b]) => (a < b ? -1 : 1)).map(([path, { bytes, mode, owner }]) =>
    `${path}\0${mode}\0${owner ?? ""}\0${bytes.toBase64()}`
  );
  return new Uint8Array(await crypto.subtle.digest("SHA-256", encode(parts.join("\n")).slice())).toHex();
}
