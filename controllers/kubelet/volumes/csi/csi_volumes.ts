/**
 * CSI volumes of this node's pods: attached, staged once a node, published once a pod, and all of it taken back.
 *
 * Laws: a driver is never asked to unpublish what another pod uses; a volume is unstaged after its last pod; a step that a
 * death interrupted is repeated, which drivers allow.
 *
 * Source: https://github.com/container-storage-interface/spec/blob/master/spec.md#volume-lifecycle
 */
import type { IPersistentVolumeClaim } from "kubernetes-models/v1/PersistentVolumeClaim";
import { CSIDriver, keyOf, type Stored } from "../../../../runtime/schema/mod.ts";
import { unitsOf } from "../../../../runtime/schema/quantity.ts";
import { sha256, uniqueName } from "../../../objects/csi_attachment.ts";
import type { Pod } from "../../pod/pod.ts";
import { type GroupOwnership, ownByGroup } from "../group_ownership.ts";
import { isMountPoint } from "../mounts.ts";
import type { ObjectCache } from "../object_cache.ts";
import { MountError } from "../payload.ts";
import { attachment } from "./attachment.ts";
import { CallContext, type CallFacts } from "./call_context.ts";
import type { CsiDrivers } from "./csi_drivers.ts";
import { type CsiRecord, CsiRecords } from "./csi_records.ts";
import { capabilityOf, checkLifecycle, type CsiVolume, isGroupsAffair, needsAttach } from "./csi_volume.ts";
import { isInfeasible } from "./driver.ts";
import { isToGrow, tellGrown, tellNotGrown } from "./grow.ts";
import { csi, nodeCapability } from "./protocol.ts";
import { type VolumeStats, volumeStats } from "./volume_stats.ts";

export interface CsiVolumesOptions {
  /** The agent's folder, under the name by which drivers know it. */
  readonly rootDir: string;
  readonly nodeName: string;
  readonly drivers: CsiDrivers;
  readonly objects: ObjectCache;
  readonly context: CallContext;
  readonly now: () => number;
  /** What `inUse` tells has changed; returns when the API server knows. */
  readonly onUse: () => Promise<void>;
}

export interface CsiMount {
  readonly path: string;
  /** Milliseconds since the epoch. */
  readonly renewAt?: number;
}

/** Between two calls of a driver that wants its volumes published again and again. */
const republishMs = 60_000;
/** A claim cannot be watched by a node: so often is it read again where its volume may grow. */
const lookMs = 60_000;

export class CsiVolumes {
  readonly records: CsiRecords;
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(readonly options: CsiVolumesOptions) {
    this.records = new CsiRecords(`${options.rootDir}/csi`);
  }

  /** Idempotent. Throws a `MountError` while it cannot be done. */
  async setUp(pod: Pod, volume: CsiVolume, ownership?: GroupOwnership): Promise<CsiMount> {
    const policy = await this.options.objects.get(CSIDriver, { name: volume.driver }, keyOf(pod));
    const record = await this.#recordOf(pod, volume, needsAttach(volume, policy));
    const again = policy?.spec.requiresRepublish ?? false;
    const mounted = record.ready && await isMountPoint(record.target);
    if (!mounted || again) {
      checkLifecycle(volume, policy);
      const facts = { pod, volume, policy, ownership };
      await this.#inTurn(volume, () => this.#publish(mounted ? record : { ...record, ready: false }, facts));
    }
    return { path: record.target, ...(again && { renewAt: this.options.now() + republishMs }) };
  }

  /** Grows the file system after its volume has grown; says when to look again, where that may happen. */
  async grow(pod: Pod, claim: Stored<IPersistentVolumeClaim>, volume: CsiVolume): Promise<{ renewAt?: number }> {
    const { drivers, objects, context, now } = this.options;
    const driver = drivers.get(volume.driver);
    const record = await this.records.read(pod.metadata.uid, volume.name);
    const able = driver.capabilities.has(nodeCapability.expand);
    const look = able ? { renewAt: now() + lookMs } : {};
    if (!record?.ready || volume.readOnly || !isToGrow(claim, volume.capacity)) return look;
    const { client } = objects.options;
    try {
      if (able) {
        await driver.call(csi.expand, {
          volume_id: volume.handle,
          volume_path: record.target,
          capacity_range: { required_bytes: unitsOf(volume.capacity!) },
          staging_target_path: driver.capabilities.has(nodeCapability.stageUnstage) ? record.staging : "",
          volume_capability: capabilityOf(volume, driver.capabilities),
          secrets: await context.secrets(pod, volume.secrets.expand),
        });
      }
      await tellGrown(client, claim, volume.capacity!);
    } catch (error) {
      // The pod runs with what it has.
      await tellNotGrown(client, claim, isInfeasible(error));
    }
    return look;
  }

  /** Bytes and inodes of each volume of a pod, as its driver tells them. */
  async stats(podUid: string): Promise<VolumeStats[]> {
    const records = (await this.records.ofPod(podUid)).filter(({ ready }) => ready);
    return (await Promise.all(records.map((record) => volumeStats(this.options.drivers, record)))).flat();
  }

  /** Takes back what the pod had. */
  async tearDown(podUid: string): Promise<void> {
    for (const record of await this.records.ofPod(podUid)) {
      await this.#inTurn(record, () => this.#unpublish(record));
      if (record.attached) await this.options.onUse();
    }
  }

  /** Unique names of volumes that must not be detached. */
  async inUse(): Promise<string[]> {
    const attached = (await this.records.all()).filter(({ attached }) => attached);
    return [...new Set(attached.map(uniqueName))].sort();
  }

  async #recordOf(pod: Pod, volume: CsiVolume, attached: boolean): Promise<CsiRecord> {
    const known = await this.records.read(pod.metadata.uid, volume.name);
    if (known) return known;
    const { driver, handle, name, podVolume, claim } = volume;
    const places = this.#places(pod.metadata.uid, volume);
    const what = { name, podVolume, claim, driver, handle, attached, ready: false };
    return { podUid: pod.metadata.uid, ...what, ...places };
  }

  /** Drivers know these layouts: some take a path apart. */
  #places(podUid: string, { name, driver, handle, block, ephemeral }: CsiVolume) {
    const { rootDir } = this.options;
    const plugin = `${rootDir}/plugins/kubernetes.io/csi`;
    if (block) {
      const folder = `${plugin}/volumeDevices`;
      return { target: `${folder}/publish/${name}/${podUid}`, staging: `${folder}/staging/${name}` };
    }
    return {
      target: `${rootDir}/pods/${podUid}/volumes/kubernetes.io~csi/${name}/mount`,
      // A pod's own volume has no life before or after it: it is published and nothing else.
      staging: ephemeral ? "" : `${plugin}/${driver}/${sha256(handle)}/globalmount`,
    };
  }

  async #publish(record: CsiRecord, facts: CallFacts & { ownership?: GroupOwnership }): Promise<void> {
    const { volume, policy, ownership } = facts;
    const driver = this.options.drivers.get(volume.driver);
    if (!record.ready) await this.records.write(record);
    if (record.attached && !record.ready) await this.options.onUse();
    const publish_context = record.attached ? await attachment(this.options, facts.pod, volume) : {};
    const volume_capability = capabilityOf(volume, driver.capabilities, ownership?.group);
    const staged = record.staging !== "" && driver.capabilities.has(nodeCapability.stageUnstage);
    const staging_target_path = staged ? record.staging : "";
    const common = { volume_id: volume.handle, publish_context, volume_capability };
    if (staged && !record.ready) {
      await Deno.mkdir(record.staging, { recursive: true, mode: 0o750 });
      const secrets = await this.options.context.secrets(facts.pod, volume.secrets.stage);
      await driver.call(csi.stage, { ...common, staging_target_path, secrets, volume_context: volume.attributes });
    }
    await Deno.mkdir(record.target.slice(0, record.target.lastIndexOf("/")), { recursive: true, mode: 0o750 });
    await driver.call(csi.publish, {
      ...common,
      staging_target_path,
      target_path: record.target,
      readonly: volume.readOnly,
      ...await this.options.context.publish(facts),
    });
    if (record.ready) return;
    if (!volume.block && !await isMountPoint(record.target)) {
      throw new MountError(`driver ${volume.driver} published ${record.target}, and nothing is mounted there`);
    }
    const ownsGroup = driver.capabilities.has(nodeCapability.mountGroup);
    if (ownership && !ownsGroup && isGroupsAffair(volume, policy)) await ownByGroup(record.target, ownership);
    await this.records.write({ ...record, ready: true });
  }

  async #unpublish(record: CsiRecord): Promise<void> {
    const { handle: volume_id, target, staging } = record;
    const driver = this.options.drivers.get(record.driver);
    await driver.call(csi.unpublish, { volume_id, target_path: target });
    if (await isMountPoint(target)) throw new MountError(`driver ${record.driver} left ${target} mounted`);
    await removeLeft(target);
    const others = (await this.records.all()).filter((one) =>
      one.driver === record.driver && one.handle === record.handle && one.podUid !== record.podUid
    );
    if (others.length === 0 && staging !== "" && driver.capabilities.has(nodeCapability.stageUnstage)) {
      await driver.call(csi.unstage, { volume_id, staging_target_path: staging });
      if (await isMountPoint(staging)) throw new MountError(`driver ${record.driver} left ${staging} mounted`);
      await removeLeft(staging);
    }
    await this.records.remove(record);
  }

  /** One call at a time for a volume: drivers need not bear two. */
  #inTurn(volume: Pick<CsiVolume, "driver" | "handle">, work: () => Promise<void>): Promise<void> {
    const key = uniqueName(volume);
    const turn = (this.#turns.get(key) ?? Promise.resolve()).then(work, work);
    const settled = turn.catch(() => {}).finally(() => {
      if (this.#turns.get(key) === settled) this.#turns.delete(key);
    });
    this.#turns.set(key, settled);
    return turn;
  }
}

/** An empty folder or file is all that may be left: what holds data is never removed. */
async function removeLeft(path: string): Promise<void> {
  await Deno.remove(path).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
}
