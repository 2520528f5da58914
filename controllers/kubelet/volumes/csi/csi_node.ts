/** What the cluster knows of a node's drivers: the CSINode of its name, and an annotation and labels of the Node. */
import type { ICSINodeDriver } from "kubernetes-models/storage.k8s.io/v1/CSINodeDriver";
import type { Client } from "../../../../runtime/loop/mod.ts";
import { CSINode, isReason, type Json, Node, type Ref } from "../../../../runtime/schema/mod.ts";

export interface NodeDriver {
  readonly name: string;
  readonly nodeId: string;
  /** Node labels, such as the zone, that say which volumes can be reached from here. */
  readonly topology: Readonly<Record<string, string>>;
  /** 0: as many as one likes. */
  readonly maxVolumes: number;
}

const nodeIds = "csi.volume.kubernetes.io/nodeid";

export async function tellDriver(client: Client, nodeName: string, driver: NodeDriver): Promise<void> {
  const ref = { name: nodeName };
  await ensureCsiNode(client, ref);
  await labelNode(client, ref, driver);
  const { name, nodeId, topology, maxVolumes } = driver;
  const entry: ICSINodeDriver = {
    name,
    nodeID: nodeId,
    topologyKeys: Object.keys(topology).sort(),
    ...(maxVolumes > 0 && { allocatable: { count: maxVolumes } }),
  };
  const present = (await client.get(CSINode, ref))?.spec.drivers?.find((one) => one.name === name);
  // Of an entry that is there nothing may change.
  if (present && !sameDriver(present, entry)) await dropEntry(client, ref, name);
  await client.patch(CSINode, ref, { type: "strategic", body: { spec: { drivers: [entry as unknown as Json] } } });
}

export async function forgetDriver(client: Client, nodeName: string, name: string): Promise<void> {
  const ref = { name: nodeName };
  await dropEntry(client, ref, name);
  const ids = await idsOf(client, ref);
  delete ids[name];
  await client.patch(Node, ref, { type: "merge", body: { metadata: { annotations: { [nodeIds]: textOf(ids) } } } });
}

function sameDriver(a: ICSINodeDriver, b: ICSINodeDriver): boolean {
  const facts = ({ nodeID, topologyKeys = [], allocatable }: ICSINodeDriver) =>
    JSON.stringify([nodeID, topologyKeys.toSorted(), allocatable?.count]);
  return facts(a) === facts(b);
}

/** It belongs to the Node and goes with it. */
async function ensureCsiNode(client: Client, ref: Ref): Promise<void> {
  if (await client.get(CSINode, ref)) return;
  const node = await client.get(Node, ref);
  if (!node) throw new Error(`node "${ref.name}" is not registered yet`);
  const ownerReferences = [{ apiVersion: "v1", kind: "Node", name: ref.name, uid: node.metadata.uid }];
  try {
    await client.create(CSINode, {
      apiVersion: "storage.k8s.io/v1",
      kind: "CSINode",
      metadata: { name: ref.name, ownerReferences },
      spec: { drivers: [] },
    });
  } catch (error) {
    if (!isReason(error, "AlreadyExists")) throw error;
  }
}

async function labelNode(client: Client, ref: Ref, { name, nodeId, topology }: NodeDriver): Promise<void> {
  const node = await client.get(Node, ref);
  const { labels = {} } = node?.metadata ?? {};
  const other = Object.entries(topology).find(([key, value]) => labels[key] !== undefined && labels[key] !== value);
  if (other) {
    throw new Error(
      `detected topology value collision: driver reported ${other[0]}:${other[1]} but existing label is ` +
        `${other[0]}:${labels[other[0]]}`,
    );
  }
  const annotations = { [nodeIds]: textOf({ ...await idsOf(client, ref), [name]: nodeId }) };
  await client.patch(Node, ref, { type: "merge", body: { metadata: { labels: { ...topology }, annotations } } });
}

async function dropEntry(client: Client, ref: Ref, name: string): Promise<void> {
  try {
    await client.patch(CSINode, ref, { type: "strategic", body: { spec: { drivers: [{ $patch: "delete", name }] } } });
  } catch (error) {
    if (!isReason(error, "NotFound")) throw error;
  }
}

async function idsOf(client: Client, ref: Ref): Promise<Record<string, string>> {
  const text = (await client.get(Node, ref))?.metadata.annotations?.[nodeIds];
  return text ? JSON.parse(text) as Record<string, string> : {};
}

function textOf(ids: Record<string, string>): string | null {
  return Object.keys(ids).length === 0 ? null : JSON.stringify(ids);
}
