/**
 * A control group for each pod, around those of its containers: what the pod may use as a whole is the kernel's to hold.
 *
 * Laws: a pod's group is there, and as large as its containers' limits need, before one of them starts or grows; it gets
 * smaller after they did. It is taken away with the pod, by its uid: agents that share a kernel, and so `kubepods`, never touch
 * each other's. Nothing is looked for in the kernel: who died finds the pods it had by their folders.
 *
 * Where the machine lets nobody write control groups, pods run without; the Node says so.
 */
import type { Engine, ResourceLimits } from "../../../runtime/engine/mod.ts";
import type { NodeConfiguration } from "../configuration/mod.ts";
import type { MachineFacts } from "../node/machine.ts";
import type { Pod } from "../pod/pod.ts";
import { CgroupFolders } from "./cgroup_folders.ts";
import { type GroupPlace, groupsOfUid, parentOf, pathOf, podGroup, qosGroup, topGroup } from "./group.ts";
import { podGroupLimits, qosGroupLimits, topGroupLimits, widened } from "./group_limits.ts";
import { type GroupTree, groupTree } from "./group_tree.ts";

/** A level may be taken away by another agent that leaves, between our making it and our use of it. */
const tries = 5;
/** What an agent knows to hold that it has not read since. */
const unknown = "";

export interface PodGroupsOptions {
  readonly engine: Pick<Engine, "info">;
  readonly machine: MachineFacts;
  readonly configuration: NodeConfiguration;
  /** Of this node. */
  readonly pods: () => readonly Pod[];
  /** Pods may use more than the configuration says, or weigh other than they should. */
  readonly onLoose: (error: unknown) => void;
}

export class PodGroups {
  #tree: Promise<GroupTree | undefined> | undefined;
  /** Limits of groups that are there, as JSON, by pod. */
  readonly #inForce = new Map<string, string>();
  #weights = "";
  /** Why pods have no groups; empty when that was asked for. */
  problem: string | undefined;

  constructor(readonly options: PodGroupsOptions) {}

  /** Looks at the machine (again). */
  async prepare(): Promise<void> {
    this.#tree = undefined;
    await this.#opened();
  }

  /** For docker; `undefined`: its own place. */
  async parentOf(pod: Pod): Promise<string | undefined> {
    const tree = await this.#opened();
    return tree && parentOf(tree.place, podGroup(tree.place, pod));
  }

  /** The pod's group is there, and large enough for what its containers have and are to have. */
  async grow(pod: Pod): Promise<void> {
    const tree = await this.#opened();
    if (!tree || this.isSettled(pod)) return;
    const path = podGroup(tree.place, pod);
    const limits = this.#limitsOf(pod);
    if (await this.#make(tree, pod, limits)) {
      this.#inForce.set(pod.metadata.uid, JSON.stringify(limits));
      await this.weigh();
      return;
    }
    this.#inForce.set(pod.metadata.uid, unknown);
    await tree.change(path, widened(limits, await tree.read(path) ?? {}));
  }

  /** The pod's group, if it has one, is as large as it should be: for when no container has more than it should have. */
  async settle(pod: Pod): Promise<void> {
    const tree = await this.#opened();
    if (!tree) return;
    const limits = this.#limitsOf(pod);
    const path = podGroup(tree.place, pod);
    if (await tree.read(path) !== undefined) await tree.change(path, limits);
    this.#inForce.set(pod.metadata.uid, JSON.stringify(limits));
    await this.weigh();
  }

  /** Its group has exactly the limits that it should have, as far as is known. */
  isSettled(pod: Pod): boolean {
    return this.#inForce.get(pod.metadata.uid) === JSON.stringify(this.#limitsOf(pod));
  }

  /** Throws when something still runs there. */
  async remove(uid: string): Promise<void> {
    const tree = await this.#opened();
    if (!tree) return;
    await Promise.all(groupsOfUid(tree.place, uid).map((path) => tree.remove(path)));
    this.#inForce.delete(uid);
    await this.weigh();
  }

  /** For a node that is given up. */
  async removeAll(uids: readonly string[]): Promise<void> {
    for (const uid of uids) await this.remove(uid);
    const tree = await this.#opened();
    if (!tree) return;
    const { place } = tree;
    for (const path of [qosGroup(place, "burstable"), qosGroup(place, "besteffort"), topGroup(place)]) {
      await tree.removeEmpty(path);
    }
  }

  /** Classes of pods share the CPU as their pods ask for it. */
  async weigh(): Promise<void> {
    const tree = await this.#opened();
    const { burstable } = qosGroupLimits(this.options.pods());
    const weights = JSON.stringify(burstable);
    if (!tree || weights === this.#weights) return;
    this.#weights = weights;
    await tree.change(qosGroup(tree.place, "burstable"), burstable).catch(this.options.onLoose);
  }

  #opened(): Promise<GroupTree | undefined> {
    return this.#tree ??= this.#open().catch((error) => {
      this.#tree = undefined;
      throw error;
    });
  }

  async #open(): Promise<GroupTree | undefined> {
    const { configuration: { cgroupsPerQOS, cgroupRoot }, engine } = this.options;
    if (!cgroupsPerQOS) return undefined;
    const driver = (await engine.info()).cgroupDriver;
    try {
      if (driver !== "cgroupfs" && driver !== "systemd") throw new Error(`docker's cgroup driver is "${driver}"`);
      const place: GroupPlace = { driver, root: pathOf(cgroupRoot) };
      const tree = groupTree(place, await CgroupFolders.open());
      await this.#makeTop(tree);
      this.problem = undefined;
      return tree;
    } catch (error) {
      this.problem = error instanceof Error ? error.message : String(error);
      return undefined;
    }
  }

  async #makeTop(tree: GroupTree): Promise<void> {
    const { place } = tree;
    const { machine, configuration, pods, onLoose } = this.options;
    for (let depth = 1; depth <= place.root.length; depth++) await tree.make(place.root.slice(0, depth), {});
    const top = topGroupLimits(machine, configuration);
    const { burstable, besteffort } = qosGroupLimits(pods());
    const all = [
      [topGroup(place), top],
      [qosGroup(place, "burstable"), burstable],
      [qosGroup(place, "besteffort"), besteffort],
    ] as const;
    for (const [path, limits] of all) {
      if (!await tree.make(path, limits)) await tree.change(path, limits).catch(onLoose);
    }
  }

  async #make(tree: GroupTree, pod: Pod, limits: ResourceLimits): Promise<boolean> {
    for (let left = tries;; left--) {
      try {
        return await tree.make(podGroup(tree.place, pod), limits);
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound) || left === 0) throw error;
        await this.#makeTop(tree);
      }
    }
  }

  #limitsOf(pod: Pod): ResourceLimits {
    return podGroupLimits(pod, this.options.configuration);
  }
}
