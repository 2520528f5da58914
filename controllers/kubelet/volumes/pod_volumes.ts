/** Brings the volumes of a pod into being under its folder, keeps their content up to date, and takes them away. */
import type { IConfigMap } from "kubernetes-models/v1/ConfigMap";
import type { ISecret } from "kubernetes-models/v1/Secret";
import { ConfigMap, type Key, keyOf, refOf, Secret } from "../../../runtime/schema/mod.ts";
import { type Pod, specOf, type Volume } from "../pod/pod.ts";
import { writeFolder } from "./atomic_folder.ts";
import type { CsiVolumes } from "./csi/csi_volumes.ts";
import { ephemeralCsi, persistentCsi } from "./csi/csi_volume.ts";
import { claimedVolume } from "./claim_volume.ts";
import { memoryLimitOf, prepareEmptyDir } from "./empty_dir.ts";
import type { GroupOwnership } from "./group_ownership.ts";
import { prepareHostPath } from "./host_path.ts";
import { mountImage } from "./image_volume.ts";
import { isMountPoint, unmountBelow } from "./mounts.ts";
import type { ObjectCache } from "./object_cache.ts";
import { MountError, type PayloadFacts, payloadOf } from "./payload.ts";
import { mountNfs, type NfsSource } from "./nfs.ts";
import { blockDevice, mountPersistentVolume } from "./persistent_volume.ts";
import type { TokenCache } from "./token_cache.ts";
import { trustAnchors, type TrustBundles } from "./trust_bundles.ts";

export type ImageSource = NonNullable<Volume["image"]>;

export interface PodVolumesOptions {
  /** `rootDir/pods` */
  readonly podsDir: string;
  /** Where volumes of the local provisioner are kept on this node. */
  readonly localVolumesDir: string;
  readonly objects: ObjectCache;
  readonly tokens: TokenCache;
  readonly trust: TrustBundles;
  readonly csi: CsiVolumes;
  /** Makes sure of an image; its layers' folders, the topmost first. Throws a `MountError` while it is not there. */
  readonly imageLayers: (pod: Pod, source: ImageSource) => Promise<readonly string[] | undefined>;
  readonly now: () => number;
}

export interface VolumeFacts {
  readonly podIps: readonly string[];
  readonly hostIps: readonly string[];
  readonly nodeAllocatable: Readonly<Record<string, string>>;
}

export interface MountedVolumes {
  /** Host path of each volume with files, by its name. */
  readonly paths: ReadonlyMap<string, string>;
  /** Host path of each volume that is a block device, by its name. */
  readonly devices: ReadonlyMap<string, string>;
  /** Volumes that the agent itself writes: no container may, or it could lead the agent astray. */
  readonly readOnly: ReadonlySet<string>;
  /** When a token in them must be renewed, in milliseconds since the epoch. */
  readonly renewAt?: number;
}

interface Mounted {
  readonly path: string;
  /** It is a block device. */
  readonly device?: boolean;
  readonly readOnly?: boolean;
  readonly renewAt?: number;
}

export class PodVolumes {
  constructor(readonly options: PodVolumesOptions) {}

  podDir(uid: string): string {
    return `${this.options.podsDir}/${uid}`;
  }

  /** Idempotent; also how live updates arrive. Throws a `MountError` in upstream's words for the first that fails. */
  async setUp(pod: Pod, facts: VolumeFacts): Promise<MountedVolumes> {
    const mounted = await Promise.all((specOf(pod).volumes ?? []).map(async (volume) => {
      try {
        return [volume.name, await this.#mount(pod, volume, facts)] as const;
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new MountError(`MountVolume.SetUp failed for volume "${volume.name}" : ${reason}`, { cause: error });
      }
    }));
    const renewals = mounted.flatMap(([, { renewAt }]) => renewAt === undefined ? [] : [renewAt]);
    const pathsOf = (devices: boolean) =>
      new Map(mounted.filter(([, { device = false }]) => device === devices).map(([name, { path }]) => [name, path]));
    return {
      paths: pathsOf(false),
      devices: pathsOf(true),
      readOnly: new Set(mounted.filter(([, { readOnly }]) => readOnly).map(([name]) => name)),
      ...(renewals.length > 0 && { renewAt: Math.min(...renewals) }),
    };
  }

  /** Unmounts and removes everything that the pod had on this node. */
  async tearDown(pod: { readonly uid: string; readonly key: Key }): Promise<void> {
    await this.#unmount(pod);
    await Deno.remove(this.podDir(pod.uid), { recursive: true }).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
  }

  /** What a pod that has ended needs no more. The last words of its containers stay, as long as they do. */
  async release(pod: { readonly uid: string; readonly key: Key }): Promise<void> {
    await this.#unmount(pod);
    await Deno.remove(`${this.podDir(pod.uid)}/volumes`, { recursive: true }).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
  }

  async #unmount({ uid, key }: { readonly uid: string; readonly key: Key }): Promise<void> {
    this.options.objects.release(key);
    this.options.tokens.release(uid);
    this.options.trust.release(key);
    await this.options.csi.tearDown(uid);
    await unmountBelow(this.podDir(uid));
  }

  async #mount(pod: Pod, volume: Volume, facts: VolumeFacts): Promise<Mounted> {
    const group = specOf(pod).securityContext?.fsGroup;
    const place = (plugin: string) => `${this.podDir(pod.metadata.uid)}/volumes/kubernetes.io~${plugin}/${volume.name}`;
    if (volume.hostPath) return { path: await prepareHostPath(volume.hostPath) };
    if (volume.emptyDir) {
      const memoryLimitBytes = memoryLimitOf(pod, facts.nodeAllocatable.memory);
      return { path: await prepareEmptyDir(place("empty-dir"), volume.emptyDir, { group, memoryLimitBytes }) };
    }
    if (volume.persistentVolumeClaim || volume.ephemeral) {
      return await this.#mountClaim(pod, volume, place("local-volume"));
    }
    if (volume.csi) return await this.options.csi.setUp(pod, ephemeralCsi(pod, volume), ownershipOf(pod));
    if (volume.nfs) return { path: await this.#mountNfs(volume.nfs, place("nfs")) };
    if (volume.image) return { path: await this.#mountImage(pod, volume.image, place("image")) };
    const plugin = pluginOf(volume);
    if (!plugin) throw new MountError("no volume plugin matched: this node does not support this type of volume");
    const { payload, renewAt } = await this.#payload(pod, volume, facts);
    await Deno.mkdir(place(plugin), { recursive: true, mode: 0o755 });
    await writeFolder(place(plugin), payload, { group, now: this.options.now() });
    return { path: place(plugin), readOnly: true, renewAt };
  }

  async #mountClaim(pod: Pod, volume: Volume, place: string): Promise<Mounted> {
    if (await isMountPoint(place)) return { path: place };
    const { objects, localVolumesDir, csi } = this.options;
    const { claim, found } = await claimedVolume(pod, volume, objects.options.client);
    const readOnly = volume.persistentVolumeClaim?.readOnly ?? false;
    const device = found.spec?.volumeMode === "Block";
    if (found.spec?.csi) {
      const use = { podVolume: volume.name, claim: refOf(keyOf(claim)), readOnly };
      const wanted = persistentCsi(found, use);
      const mounted = await csi.setUp(pod, wanted, ownershipOf(pod));
      return { ...mounted, ...await csi.grow(pod, claim, wanted), device };
    }
    if (device) return { path: await blockDevice(found), device };
    await mountPersistentVolume(found, { place, readOnly, ownership: ownershipOf(pod), ownFolder: localVolumesDir });
    return { path: place };
  }

  async #mountNfs(source: NfsSource, place: string): Promise<string> {
    if (!await isMountPoint(place)) await mountNfs(source, place, { readOnly: source.readOnly ?? false });
    return place;
  }

  async #mountImage(pod: Pod, source: ImageSource, place: string): Promise<string> {
    if (!await isMountPoint(place)) await mountImage(await this.options.imageLayers(pod, source), place);
    return place;
  }

  async #payload(pod: Pod, volume: Volume, facts: VolumeFacts) {
    const { objects, tokens, trust } = this.options;
    const { namespace } = pod.metadata;
    const configMaps = new Map<string, IConfigMap | undefined>();
    const secrets = new Map<string, ISecret | undefined>();
    const texts = new Map<string, string>();
    const renewals: number[] = [];
    const wantsTrust = volume.projected?.sources?.some(({ clusterTrustBundle }) => clusterTrustBundle);
    const bundles = wantsTrust ? await trust.all(keyOf(pod)) : [];
    await Promise.all(
      referencesOf(volume).map(async ({ type, name, audience = "", seconds = 3600 }) => {
        if (type === "configMap") configMaps.set(name, await objects.get(ConfigMap, { namespace, name }, keyOf(pod)));
        if (type === "secret") secrets.set(name, await objects.get(Secret, { namespace, name }, keyOf(pod)));
        if (type !== "token") return;
        const { text, renewAt } = await tokens.get(pod, audience, seconds);
        texts.set(`${audience} ${seconds}`, text);
        renewals.push(renewAt);
      }),
    );
    const payloadFacts: PayloadFacts = {
      ...facts,
      pod,
      configMap: (name) => configMaps.get(name),
      secret: (name) => secrets.get(name),
      trustAnchors: (source) => trustAnchors(source, bundles),
      token: (audience, seconds) => texts.get(`${audience} ${seconds}`) ?? "",
    };
    return {
      payload: payloadOf(volume, payloadFacts),
      renewAt: renewals.length > 0 ? Math.min(...renewals) : undefined,
    };
  }
}

function ownershipOf(pod: Pod): GroupOwnership | undefined {
  const { fsGroup, fsGroupChangePolicy } = specOf(pod).securityContext ?? {};
  return fsGroup === undefined ? undefined : { group: fsGroup, policy: fsGroupChangePolicy };
}

function pluginOf({ configMap, secret, downwardAPI, projected }: Volume): string | undefined {
  if (configMap) return "configmap";
  if (secret) return "secret";
  if (downwardAPI) return "downward-api";
  return projected ? "projected" : undefined;
}

interface Reference {
  readonly type: "configMap" | "secret" | "token";
  readonly name: string;
  readonly audience?: string;
  readonly seconds?: number;
}

/** What must be fetched before the content is known. */
export function referencesOf({ configMap, secret, projected }: Volume): Reference[] {
  if (configMap) return [{ type: "configMap", name: configMap.name ?? "" }];
  if (secret) return [{ type: "secret", name: secret.secretName ?? "" }];
  return (projected?.sources ?? []).flatMap((source): Reference[] => {
    if (source.configMap) return [{ type: "configMap", name: source.configMap.name ?? "" }];
    if (source.secret) return [{ type: "secret", name: source.secret.name ?? "" }];
    const token = source.serviceAccountToken;
    return token
      ? [{ type: "token", name: "", audience: token.audience ?? "", seconds: token.expirationSeconds ?? 3600 }]
      : [];
  });
}
