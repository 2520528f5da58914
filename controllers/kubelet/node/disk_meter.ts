/**
 * What running containers and volumes hold on the node's disk, for who asks the node for its figures. Nobody asks: nothing is
 * measured; and however often it is asked, once a minute at most.
 */
import type { Clock } from "../../../runtime/loop/mod.ts";
import type { Engine } from "../../../runtime/engine/mod.ts";
import type { Ref } from "../../../runtime/schema/mod.ts";
import { claimNameOf } from "../../objects/pod_claims.ts";
import type { ContainerMirror } from "../container/container_mirror.ts";
import { type Pod, specOf } from "../pod/pod.ts";
import { mountTypes } from "../volumes/mounts.ts";
import type { PodVolumes } from "../volumes/pod_volumes.ts";
import { logBytes } from "./disk_use.ts";
import { deviceOf } from "./block_devices.ts";
import { fileSystemAt, folderFigures, type FsFigures, partOf } from "./file_system.ts";

export interface VolumeUse extends FsFigures {
  /** Of the volume in its pod. */
  readonly name: string;
  readonly pvcRef?: Ref;
  /** It goes with the pod, and is on the node's own disk. */
  readonly isScratch: boolean;
}

export interface DiskReading {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Bytes that each container wrote to its layer and to its log, by its id. */
  readonly containers: ReadonlyMap<string, { readonly layer: number; readonly logs: number }>;
  /** By pod uid. */
  readonly volumes: ReadonlyMap<string, readonly VolumeUse[]>;
  /** What the engine keeps its images and containers on. */
  readonly engineFs: FsFigures;
  /** `/dev/vda1` */
  readonly engineDevice: string;
  /** What pods' folders are on. */
  readonly nodeFs: FsFigures;
}

export interface DiskMeterOptions {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly mirror: ContainerMirror;
  readonly volumes: PodVolumes;
  readonly pods: () => readonly Pod[];
}

const freshMs = 60_000;

export class DiskMeter {
  #last?: { readonly at: number; readonly reading: Promise<DiskReading> };

  constructor(readonly options: DiskMeterOptions) {}

  read(): Promise<DiskReading> {
    const at = this.options.clock.now();
    if (this.#last && Math.abs(at - this.#last.at) < freshMs) return this.#last.reading;
    const reading = this.#measure(at);
    reading.catch(() => this.#last = undefined);
    this.#last = { at, reading };
    return reading;
  }

  async #measure(at: number): Promise<DiskReading> {
    const { engine, mirror, volumes, pods } = this.options;
    const { rootDir } = await engine.info();
    const [engineFs, nodeFs] = await Promise.all([fileSystemAt(rootDir), fileSystemAt(volumes.options.podsDir)]);
    const running = mirror.all().filter(({ isSandbox, state }) => !isSandbox && state.status === "running");
    const containers = await Promise.all(running.map(async (one) => {
      const [layer, logs] = await Promise.all([engine.writtenBytes(one.state.id), logBytes(one)]);
      return [one.state.id, { layer, logs }] as const;
    }));
    const rest = { engineFs, nodeFs, engineDevice: await deviceOf(rootDir) };
    return { at, containers: new Map(containers), volumes: await volumesOf(pods(), volumes, nodeFs), ...rest };
  }
}

type VolumesByPod = DiskReading["volumes"];

interface Place {
  readonly pod: Pod;
  readonly name: string;
  readonly path: string;
}

async function volumesOf(pods: readonly Pod[], volumes: PodVolumes, nodeFs: FsFigures): Promise<VolumesByPod> {
  const mounts = await mountTypes();
  const found = await Promise.all(pods.map((pod) => placesOf(pod, volumes.podDir(pod.metadata.uid))));
  const places = found.flat().filter(({ path }) => !mounts.get(path)?.startsWith("nfs"));
  const held = await folderFigures(places.filter(({ path }) => !mounts.has(path)).map(({ path }) => path));
  const used = await Promise.all(places.map(async ({ pod, name, path }) => {
    const folder = held.get(path);
    const fs = folder ? partOf(nodeFs, folder) : await fileSystemAt(path).catch(() => undefined);
    return fs && { uid: pod.metadata.uid, use: { name, ...claimOf(pod, name), ...fs, isScratch: !!folder } };
  }));
  const grouped = Map.groupBy(used.filter((one) => one !== undefined), ({ uid }) => uid);
  return new Map([...grouped].map(([uid, all]) => [uid, all.map(({ use }) => use)]));
}

/** What a server elsewhere holds is not asked for: it may never answer. What a driver holds the driver counts. */
const measured = new Set(["empty-dir", "configmap", "secret", "downward-api", "projected", "local-volume"]);
const prefix = "kubernetes.io~";

async function placesOf(pod: Pod, folder: string): Promise<Place[]> {
  // The kernel's names of mount points have no links in them.
  const podDir = await Deno.realPath(folder).catch(() => folder);
  const plugins = (await namesIn(`${podDir}/volumes`)).filter((name) => measured.has(name.slice(prefix.length)));
  const places = await Promise.all(plugins.map(async (folder) => {
    const names = await namesIn(`${podDir}/volumes/${folder}`);
    return names.map((name) => ({ pod, name, path: `${podDir}/volumes/${folder}/${name}` }));
  }));
  return places.flat();
}

async function namesIn(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder)).catch(() => [])).map(({ name }) => name);
}

function claimOf(pod: Pod, volumeName: string): { pvcRef?: Ref } {
  const volume = specOf(pod).volumes?.find(({ name }) => name === volumeName);
  const name = volume && claimNameOf(pod.metadata.name, volume);
  return name ? { pvcRef: { name, namespace: pod.metadata.namespace } } : {};
}
