import assert from "node:assert/strict";
import type { Cluster } from "../../controllers/scheduler/cluster.ts";
import type { StorageView } from "../../controllers/scheduler/storage_view.ts";
import { noStorage } from "../../controllers/scheduler/storage_view.ts";
import type { ClaimObject, VolumeObject } from "../../controllers/persistent_volume/plan.ts";
import { clusterOf, facts, type Labels, node, outcome } from "./sample.ts";

const meta = (name: string) => ({
  name,
  uid: `uid-${name}`,
  resourceVersion: "1",
  creationTimestamp: "2030-01-01T00:00:00Z",
});

/** Every claim is bound to a volume of its own name. */
function storage(mode: "ReadWriteOnce" | "ReadWriteOncePod", labels: Labels = {}, limit?: number): StorageView {
  const bound = { "pv.kubernetes.io/bind-completed": "yes" };
  return {
    ...noStorage,
    claim(key): ClaimObject {
      const name = key.slice("default/".length);
      const metadata = { ...meta(name), namespace: "default", annotations: bound };
      return {
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        metadata,
        spec: { accessModes: [mode], volumeName: name },
      };
    },
    volume: (name): VolumeObject => ({
      apiVersion: "v1",
      kind: "PersistentVolume",
      metadata: { ...meta(name), labels },
      spec: { csi: { driver: "csi.example.com", volumeHandle: name } },
    }),
    csiNode: (name) => ({
      apiVersion: "storage.k8s.io/v1",
      kind: "CSINode",
      metadata: { name },
      spec: { drivers: [{ name: "csi.example.com", nodeID: name, ...(limit && { allocatable: { count: limit } }) }] },
    }),
  };
}

function using(name: string, ...claims: string[]) {
  const volumes = claims.map((claimName) => ({ name: claimName, persistentVolumeClaim: { claimName } }));
  return facts(name, { spec: { volumes } });
}

function clusterWith(view: StorageView, ...nodes: Parameters<typeof clusterOf>): Cluster {
  const cluster = clusterOf(...nodes);
  cluster.storage = view;
  return cluster;
}

Deno.test("a claim for one pod only is refused to a second one on every node, until the first has gone", () => {
  const cluster = clusterWith(storage("ReadWriteOncePod"), node("n1"), node("n2"));
  const first = using("first", "data");
  cluster.place(first, "n1");
  const words = "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode";
  assert.equal(outcome(using("second", "data"), cluster), `0/2 nodes are available: 2 ${words}.`);
  cluster.remove(first.uid);
  assert.match(outcome(using("second", "data"), cluster), /^n[12]$/);
});

Deno.test("a volume's zones hold its pods there; a node that tells no zone is not judged", () => {
  const zone = "topology.kubernetes.io/zone";
  const in_ = (name: string) => node(name, { labels: { [zone]: name } });
  const view = storage("ReadWriteOnce", { [zone]: "b__c" });
  assert.match(outcome(using("p", "data"), clusterWith(view, in_("a"), in_("b"), in_("c"))), /^[bc]$/);
  const refused = outcome(using("p", "data"), clusterWith(view, in_("a")));
  assert.equal(refused, "0/1 nodes are available: 1 node(s) had no available volume zone.");
  assert.equal(outcome(using("p", "data"), clusterWith(view, node("n1"))), "n1");
});

Deno.test("a node takes so many volumes of a driver as it says, and one that several pods use counts once", () => {
  const cluster = clusterWith(storage("ReadWriteOnce", {}, 2), node("n1"));
  cluster.place(using("a", "one", "two"), "n1");
  assert.equal(outcome(using("b", "one", "two"), cluster), "n1");
  assert.equal(outcome(using("c", "three"), cluster), "0/1 nodes are available: 1 node(s) exceed max volume count.");
  assert.equal(outcome(using("c", "three"), clusterWith(storage("ReadWriteOnce"), node("n1"))), "n1");
});

Deno.test("a volume is made only where its driver has room for it, as far as the driver says", () => {
  const claim = (size: string): ClaimObject => ({
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { ...meta("c"), namespace: "default" },
    spec: { storageClassName: "fast", resources: { requests: { storage: size } } },
  });
  const capacity = (zone: string, more: Record<string, string>) => ({
    apiVersion: "storage.k8s.io/v1" as const,
    kind: "CSIStorageCapacity" as const,
    storageClassName: "fast",
    nodeTopology: { matchLabels: { zone } },
    ...more,
  });
  const view = (size: string, tracks = true): StorageView => ({
    ...noStorage,
    claim: () => claim(size),
    storageClass: () => ({
      apiVersion: "storage.k8s.io/v1",
      kind: "StorageClass",
      provisioner: "csi.example.com",
      volumeBindingMode: "WaitForFirstConsumer",
    }),
    csiDriver: () => ({ apiVersion: "storage.k8s.io/v1", kind: "CSIDriver", spec: { storageCapacity: tracks } }),
    capacities:
      () => [capacity("a", { capacity: "5Gi" }), capacity("b", { capacity: "50Gi", maximumVolumeSize: "9Gi" })],
  });
  const cluster = clusterOf(node("a", { labels: { zone: "a" } }), node("b", { labels: { zone: "b" } }));
  const volumes = [{ name: "v", persistentVolumeClaim: { claimName: "c" } }];
  const goes = (storage: StorageView) => {
    cluster.storage = storage;
    return outcome(facts("p", { spec: { volumes } }), cluster);
  };
  assert.equal(goes(view("8Gi")), "b");
  assert.equal(goes(view("10Gi")), "0/2 nodes are available: 2 node(s) did not have enough free storage.");
  assert.match(goes(view("10Gi", false)), /^[ab]$/);
});
