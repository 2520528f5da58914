/** CSI volumes of a node: a driver over its socket, real mounts, a real API; only the containers are missing. */
import assert from "node:assert/strict";
import { CallContext } from "../../controllers/kubelet/volumes/csi/call_context.ts";
import { CsiDrivers } from "../../controllers/kubelet/volumes/csi/csi_drivers.ts";
import { ephemeralCsi, persistentCsi } from "../../controllers/kubelet/volumes/csi/csi_volume.ts";
import { CsiVolumes } from "../../controllers/kubelet/volumes/csi/csi_volumes.ts";
import { PluginRegistry } from "../../controllers/kubelet/volumes/csi/plugin_registry.ts";
import { mountPoints, unmountBelow } from "../../controllers/kubelet/volumes/mounts.ts";
import { ObjectCache } from "../../controllers/kubelet/volumes/object_cache.ts";
import { TokenCache } from "../../controllers/kubelet/volumes/token_cache.ts";
import type { Pod } from "../../controllers/kubelet/pod/pod.ts";
import {
  CSIDriver,
  CSINode,
  Event,
  Node,
  PersistentVolumeClaim,
  Pod as PodKind,
  Secret,
  VolumeAttachment,
} from "../../runtime/schema/mod.ts";
import { attachDetach } from "../../controllers/attach_detach.ts";
import { attachmentName } from "../../controllers/objects/csi_attachment.ts";
import type { Client } from "../../runtime/loop/mod.ts";
import { testCluster } from "../controllers/cluster.ts";
import { podOf } from "../kubelet/pods.ts";
import { driverName, TestCsiDriver } from "./csi_driver.ts";
import { createDisk, createUser } from "./disk.ts";

const nodeName = "here";

async function agentNode() {
  const cluster = await testCluster();
  const root = await Deno.makeTempDir({ prefix: "d8s-csi-" });
  const { client } = cluster;
  await client.create(Node, { apiVersion: "v1", kind: "Node", metadata: { name: nodeName } });
  const stopping = new AbortController();
  const registry = `${root}/kubelet/plugins_registry`;
  await Deno.mkdir(registry, { recursive: true });
  const drivers = new CsiDrivers({ client, nodeName, onRegistered: () => {} });
  const plugins = new PluginRegistry({
    folder: registry,
    handlers: { CSIPlugin: drivers },
    after: () => {},
    onError: () => {},
  });
  const objects = new ObjectCache({ client, onChange: () => {} });
  const context = new CallContext(objects, new TokenCache(client, Date.now));
  /** An agent that knows nothing but what is on the disk. */
  const volumes = () =>
    new CsiVolumes({
      ...{ rootDir: `${root}/kubelet`, nodeName, drivers, objects, context },
      now: Date.now,
      onUse: () => Promise.resolve(),
    });
  await Deno.mkdir(`${root}/driver`);
  const driver = await TestCsiDriver.start(`${root}/driver`, registry);
  return {
    ...{ cluster, client, driver, drivers, root, volumes, objects },
    follow: () => plugins.start(stopping.signal),
    async [Symbol.asyncDispose]() {
      stopping.abort();
      objects.stop();
      await driver[Symbol.asyncDispose]();
      await unmountBelow(root);
      await Deno.remove(root, { recursive: true });
      await cluster[Symbol.asyncDispose]();
    },
  };
}

function podNamed(name: string): Pod {
  const pod = podOf({ containers: [{ name: "main" }] });
  return { ...pod, metadata: { ...pod.metadata, name, uid: `uid-${name}`, namespace: "default" } };
}

const disk = persistentCsi({
  apiVersion: "v1",
  kind: "PersistentVolume",
  metadata: { name: "pv-1" },
  spec: {
    accessModes: ["ReadWriteOnce"],
    capacity: { storage: "1Gi" },
    csi: { driver: driverName, volumeHandle: "disk", fsType: "ext4", volumeAttributes: { color: "blue" } },
  },
}, { podVolume: "data", claim: { namespace: "default", name: "data" }, readOnly: false });

function policy(spec: object) {
  return {
    apiVersion: "storage.k8s.io/v1" as const,
    kind: "CSIDriver" as const,
    metadata: { name: driverName },
    spec: { attachRequired: false, ...spec },
  };
}

Deno.test("a driver that puts its socket down is known to the cluster, and forgotten when the socket goes", async () => {
  await using node = await agentNode();
  const { driver, client, cluster } = node;
  driver.topology = { "topology.test/zone": "west" };
  await node.follow();
  assert.deepEqual(driver.told, [""]);
  const csiNode = await client.get(CSINode, { name: nodeName });
  const entry = { name: driverName, nodeID: "node-id", topologyKeys: ["topology.test/zone"] };
  assert.deepEqual(csiNode?.spec.drivers, [entry]);
  const known = await client.get(Node, { name: nodeName });
  assert.equal(known?.metadata.labels?.["topology.test/zone"], "west");
  assert.equal(known?.metadata.annotations?.["csi.volume.kubernetes.io/nodeid"], `{"${driverName}":"node-id"}`);
  assert.equal(csiNode?.metadata.ownerReferences?.[0]?.uid, known?.metadata.uid);
  await driver[Symbol.asyncDispose]();
  await cluster.until(CSINode, { name: nodeName }, (one) => one?.spec.drivers.length === 0);
  assert.throws(() => node.drivers.get(driverName), /not found in the list of registered CSI drivers/);
});

Deno.test("a volume is staged once for all its pods, published to each, and unstaged after the last", async () => {
  await using node = await agentNode();
  const { driver, client } = node;
  await client.create(CSIDriver, policy({ podInfoOnMount: true, fsGroupPolicy: "File" }));
  await client.create(Secret, {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { namespace: "default", name: "key" },
    data: { word: btoa("sesame") },
  });
  await node.follow();
  const volumes = node.volumes();
  const [first, second] = [podNamed("first"), podNamed("second")];
  const secrets = { publish: { namespace: "default", name: "key" } };
  const { path } = await volumes.setUp(first, { ...disk, secrets }, { group: 4321 });
  assert.match(path, /\/pods\/uid-first\/volumes\/kubernetes\.io~csi\/pv-1\/mount$/);
  assert.equal((await Deno.stat(path)).gid, 4321);
  const asked = driver.last("NodePublishVolume");
  assert.deepEqual(asked.secrets, { word: "sesame" });
  assert.equal((asked.volume_context as Record<string, string>)["csi.storage.k8s.io/pod.uid"], "uid-first");
  assert.equal((asked.volume_context as Record<string, string>).color, "blue");
  await Deno.writeTextFile(`${path}/file`, "shared");
  const other = await volumes.setUp(second, disk);
  assert.equal(await Deno.readTextFile(`${other.path}/file`), "shared");
  const before = driver.calls.length;
  await node.volumes().setUp(second, disk);
  assert.deepEqual(driver.since(before), []);
  assert.deepEqual((await volumes.stats("uid-second"))[0], {
    ...{ name: "data", pvcRef: { namespace: "default", name: "data" } },
    ...{ availableBytes: 60, capacityBytes: 100, usedBytes: 40 },
  });
  const from = driver.calls.length;
  await volumes.tearDown("uid-first");
  await node.volumes().tearDown("uid-second");
  assert.deepEqual(driver.since(from), ["NodeUnpublishVolume", "NodeUnpublishVolume", "NodeUnstageVolume"]);
  assert.deepEqual([await mountPoints(`${node.root}/kubelet`), await volumes.records.all()], [[], []]);
  assert.equal(await Deno.readTextFile(`${node.root}/driver/disk/file`), "shared");
});

Deno.test("wherever a driver or the agent fails on the way, all is mounted in the end, and nothing is left after", async () => {
  await using node = await agentNode();
  const { driver, client } = node;
  await client.create(CSIDriver, policy({}));
  await node.follow();
  const pod = podNamed("p");
  const untilDone = async (work: () => Promise<unknown>) => {
    for (let tries = 1;; tries++) {
      try {
        await work();
        return tries;
      } catch (error) {
        if (tries === 3) throw error;
      }
    }
  };
  let failures = 0;
  for (const afterwards of [false, true]) {
    for (let step = 0; step < 4; step++) {
      driver.failAt = { call: driver.calls.length + step, afterwards };
      failures += await untilDone(() => node.volumes().setUp(pod, disk)) - 1;
      assert.deepEqual([...driver.staged, ...driver.published.values()], ["disk", "disk"]);
      failures += await untilDone(() => node.volumes().tearDown("uid-p")) - 1;
      assert.deepEqual([...driver.staged, ...driver.published.values()], []);
      assert.deepEqual(await mountPoints(`${node.root}/kubelet`), []);
      assert.deepEqual(await node.volumes().records.all(), []);
    }
  }
  assert.equal(failures, 8);
});

Deno.test("a pod's own volume is its driver's only if the driver says so, and goes with the pod", async () => {
  await using node = await agentNode();
  const { driver, client } = node;
  await node.follow();
  const pod = podNamed("p");
  const own = ephemeralCsi(pod, { name: "scratch", csi: { driver: driverName, readOnly: true } });
  await assert.rejects(node.volumes().setUp(pod, own), /"Ephemeral" not supported by driver/);
  await client.create(CSIDriver, policy({ volumeLifecycleModes: ["Ephemeral"], podInfoOnMount: true }));
  const volumes = node.volumes();
  const { path } = await volumes.setUp(pod, own);
  await assert.rejects(Deno.writeTextFile(`${path}/file`, ""), /Read-only/);
  const context = driver.last("NodePublishVolume").volume_context as Record<string, string>;
  assert.equal(context["csi.storage.k8s.io/ephemeral"], "true");
  await assert.rejects(volumes.setUp(podNamed("q"), disk), /"Persistent" not supported by driver/);
  await volumes.tearDown("uid-p");
  assert.equal(driver.published.size, 0);
  assert.deepEqual(driver.since(0).filter((method) => /stage/i.test(method)), []);
});

Deno.test("a volume is mounted when its attacher has it there, on one node at a time, and stays while it is in use", async () => {
  await using node = await agentNode();
  const { cluster, client, driver } = node;
  const { until } = cluster;
  await client.create(Node, { apiVersion: "v1", kind: "Node", metadata: { name: "there" } });
  await createDisk(client);
  cluster.run([attachDetach]);
  await node.follow();
  await createUser(client, "first", nodeName);
  const pod = podNamed("first");
  const volumes = node.volumes();
  await assert.rejects(volumes.setUp(pod, disk), /Volume not attached according to node status for volume "pv-1"/);
  const name = attachmentName(disk, nodeName);
  const asked = await until(VolumeAttachment, { name }, (one) => one !== undefined);
  const source = { persistentVolumeName: "pv-1" };
  assert.deepEqual(asked?.spec, { attacher: driverName, nodeName, source });
  // The driver's attacher.
  const body = { status: { attached: true, attachmentMetadata: { lun: "7" } } };
  await client.patch(VolumeAttachment, { name }, { type: "merge", body }, { subresource: "status" });
  await until(Node, { name: nodeName }, (one) => one?.status?.volumesAttached?.length === 1);
  const setUp = async () => {
    for (const signal = AbortSignal.timeout(20_000);; signal.throwIfAborted()) {
      const done = await volumes.setUp(pod, disk).catch(() => undefined);
      if (done) return done;
    }
  };
  await setUp();
  assert.deepEqual(driver.last("NodeStageVolume").publish_context, { lun: "7" });
  const volumesInUse = await volumes.inUse();
  assert.deepEqual(volumesInUse, [`kubernetes.io/csi/${driverName}^disk`]);
  await client.patch(Node, { name: nodeName }, { type: "merge", body: { status: { volumesInUse } } }, {
    subresource: "status",
  });
  // Its pod is gone from the API, but not from the node; another node wants the volume.
  await client.delete(PodKind, { namespace: "default", name: "first" }, { gracePeriodSeconds: 0 });
  await createUser(client, "second", "there");
  const told = await waitForEvent(client, "FailedAttachVolume");
  assert.match(told, /^Multi-Attach error for volume "pv-1" Volume is already exclusively attached to one node/);
  assert.ok(await client.get(VolumeAttachment, { name }));
  await volumes.tearDown("uid-first");
  assert.deepEqual(await volumes.inUse(), []);
  await client.patch(Node, { name: nodeName }, { type: "merge", body: { status: { volumesInUse: [] } } }, {
    subresource: "status",
  });
  await until(VolumeAttachment, { name }, (one) => one === undefined);
  assert.deepEqual((await client.get(Node, { name: nodeName }))?.status?.volumesAttached ?? [], []);
  await until(VolumeAttachment, { name: attachmentName(disk, "there") }, (one) => one !== undefined);
});

async function waitForEvent(client: Client, reason: string): Promise<string> {
  const signal = AbortSignal.timeout(20_000);
  for await (const event of client.watch(Event, { namespace: "default", fieldSelector: `reason=${reason}`, signal })) {
    if (event.type !== "BOOKMARK" && event.object.reason === reason) return event.object.message ?? "";
  }
  throw new Error(`no event ${reason}`);
}

Deno.test("a volume that has grown grows under its pod, and the claim says so when the driver has done it", async () => {
  await using node = await agentNode();
  const { client, driver } = node;
  const ref = { namespace: "default", name: "data" };
  await client.create(CSIDriver, policy({}));
  await createDisk(client);
  await node.follow();
  const volumes = node.volumes();
  const pod = podNamed("p");
  await volumes.setUp(pod, disk);
  // As the driver's resizer leaves it when its own part is done.
  const pending = { type: "FileSystemResizePending", status: "True", lastTransitionTime: "2026-01-01T00:00:00Z" };
  const status = { phase: "Bound", capacity: { storage: "1Gi" }, conditions: [pending] };
  await client.patch(PersistentVolumeClaim, ref, { type: "merge", body: { status } }, { subresource: "status" });
  const grow = async (capacity: string) =>
    await volumes.grow(pod, (await client.get(PersistentVolumeClaim, ref))!, { ...disk, capacity });
  const before = driver.calls.length;
  assert.ok((await grow("1Gi")).renewAt);
  assert.deepEqual(driver.since(before), []);
  driver.failAt = { call: driver.calls.length, afterwards: false };
  await grow("2Gi");
  const failed = await client.get(PersistentVolumeClaim, ref);
  assert.equal(failed?.status?.capacity?.storage, "1Gi");
  assert.deepEqual(failed?.status?.allocatedResourceStatuses, { storage: "NodeResizePending" });
  await grow("2Gi");
  assert.deepEqual(driver.last("NodeExpandVolume").capacity_range, { required_bytes: 2 ** 31 });
  const grown = await client.get(PersistentVolumeClaim, ref);
  assert.equal(grown?.status?.capacity?.storage, "2Gi");
  assert.deepEqual([grown?.status?.conditions ?? [], grown?.status?.allocatedResourceStatuses], [[], undefined]);
});
