/**
 * Gives a pod's waiting claims their volumes on the chosen node, and returns when they are bound: a pod is never sent to a
 * node whose volumes it has not got.
 */
import type { LoopContext } from "../../runtime/loop/mod.ts";
import { type Key, PersistentVolume, PersistentVolumeClaim, refOf } from "../../runtime/schema/mod.ts";
import type { ClaimObject, VolumeObject } from "../persistent_volume/plan.ts";
import type { Cluster } from "./cluster.ts";
import type { PodFacts } from "./pod_facts.ts";
import type { Profile } from "./profile.ts";
import { isBound, volumeFor } from "./plugins/volume_binding.ts";

const selectedNode = "volume.kubernetes.io/selected-node";
interface Choice {
  readonly key: Key;
  readonly claim: ClaimObject;
  /** Absent: one is to be made. */
  readonly volume?: VolumeObject;
}

export interface Chosen {
  readonly pod: PodFacts;
  readonly node: string;
  readonly profile: Profile;
}

export async function bindVolumes(chosen: Chosen, cluster: Cluster, context: LoopContext): Promise<void> {
  const { bindTimeoutMs } = chosen.profile;
  if (bindTimeoutMs === undefined) return;
  const choices = choose(chosen, cluster);
  if (choices.length === 0) return;
  try {
    await Promise.all(choices.map(async (choice) => {
      await ask(choice, chosen.node, context);
      await bound(choice.key, { node: chosen.node, bindTimeoutMs }, context);
    }));
  } finally {
    for (const { volume } of choices) if (volume) cluster.storage.reserved.delete(volume.metadata.name);
  }
}

/** Before the first wait, so that no other pod is given the same volume. */
function choose({ pod, node }: Chosen, cluster: Cluster): Choice[] {
  const { storage } = cluster;
  const choices: Choice[] = [];
  for (const key of pod.claims) {
    const claim = storage.claim(key);
    if (!claim || isBound(claim)) continue;
    const volume = volumeFor(claim, cluster.node(node)!, storage);
    if (volume) storage.reserved.set(volume.metadata.name, claim.metadata.uid);
    choices.push({ key, claim, volume });
  }
  return choices;
}

/** A volume that is there is reserved for the claim; else the claim says where one must be made. */
async function ask({ key, claim, volume }: Choice, node: string, { client }: LoopContext): Promise<void> {
  if (!volume) {
    const body = { metadata: { annotations: { [selectedNode]: node } } };
    await client.patch(PersistentVolumeClaim, refOf(key), { type: "merge", body });
    return;
  }
  const { name, namespace = "", uid, resourceVersion } = claim.metadata;
  if (volume.spec?.claimRef?.uid === uid) return;
  const claimRef = { kind: "PersistentVolumeClaim", apiVersion: "v1", name, namespace, uid, resourceVersion };
  const annotations = { "pv.kubernetes.io/bound-by-controller": "yes" };
  const metadata = { resourceVersion: volume.metadata.resourceVersion, annotations };
  const body = { metadata, spec: { claimRef } };
  await client.patch(PersistentVolume, { name: volume.metadata.name }, { type: "merge", body });
}

interface Patience {
  readonly node: string;
  readonly bindTimeoutMs: number;
}

async function bound(key: Key, { node, bindTimeoutMs }: Patience, context: LoopContext): Promise<void> {
  const { informers, clock, signal } = context;
  const claims = informers.of(PersistentVolumeClaim);
  const began = clock.now();
  // A driver that cannot make the volume on this node takes the choice back.
  let asked = false;
  const refused = (claim: ClaimObject) => {
    const named = claim.metadata.annotations?.[selectedNode] === node;
    asked ||= named;
    return asked && !named;
  };
  for (;;) {
    await claims.until(key, (claim) => !claim || isBound(claim) || refused(claim), signal);
    const claim = claims.get(key);
    if (claim && isBound(claim)) return;
    if (!claim || refused(claim)) throw new Error(`claim ${key} gets no volume on node ${node}`);
    if (signal.aborted || clock.now() - began > bindTimeoutMs) {
      throw new Error(`binding volumes: timed out waiting for ${key}`);
    }
  }
}
