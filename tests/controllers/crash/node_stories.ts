/** What happens to nodes and to the pods on them. */
import {
  deviceTaintEviction,
  nodeIpam,
  nodeLifecycle,
  nodeTtl,
  podGc,
  taintEviction,
} from "../../../controllers/mod.ts";
import { type Controller, done, every } from "../../../runtime/loop/mod.ts";
import { Lease, Node, Pod, ResourceClaim, ResourceSlice } from "../../../runtime/schema/mod.ts";
import { podPlayer } from "../pod_player.ts";
import type { Stage, Story } from "./lives.ts";

/** Ready, without taints. */
async function readyNode({ make, client, setStatus }: Stage, name: string): Promise<void> {
  await make(Node, name);
  await client.patch(Node, { name }, { type: "merge", body: { spec: { taints: null } } });
  await setStatus(Node, name, { conditions: [{ type: "Ready", status: "True", reason: "KubeletReady" }] });
}

async function runningPod({ make, setStatus }: Stage, name: string, nodeName: string): Promise<void> {
  await make(Pod, name, { spec: { nodeName, containers: [{ name: "main", image: "x" }] } });
  await setStatus(Pod, name, { phase: "Running", conditions: [{ type: "Ready", status: "True" }] });
}

/** Renews the Lease of a node that is well, much more often than a grace ends. */
function heartbeats(name: string): Controller {
  const ref = { namespace: "kube-node-lease", name };
  return {
    name: "heartbeats",
    sources: [every(10)],
    async reconcile(_key, { client, clock }) {
      const spec = { holderIdentity: name, leaseDurationSeconds: 40, renewTime: microTime(clock.now()) };
      const live = await client.get(Lease, ref);
      if (live) await client.update(Lease, { ...live, spec });
      else await client.create(Lease, { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: ref, spec });
      return done;
    },
  };
}

const microTime = (ms: number) => new Date(ms).toISOString().replace("Z", "000Z");

const gone = { key: "example.com/gone", effect: "NoExecute" };
const subnets = (nodes: readonly { spec?: { podCIDR?: string } }[]) => new Set(nodes.map(({ spec }) => spec?.podCIDR));

export const nodeStories: readonly Story[] = [
  {
    title: "every node gets a subnet of its own",
    loops: () => [nodeIpam()],
    begin: async ({ make }) => {
      for (const name of ["a", "b", "c"]) await make(Node, name);
    },
    kinds: [Node],
    ended: (state) => subnets(state.of(Node)).size === 3 && !subnets(state.of(Node)).has(undefined),
  },
  {
    title: "every node is told for how long it may remember",
    loops: () => [nodeTtl()],
    begin: async ({ make }) => {
      for (const name of ["a", "b"]) await make(Node, name);
    },
    kinds: [Node],
    ended: (state) =>
      state.of(Node).every(({ metadata }) => metadata.annotations?.["node.alpha.kubernetes.io/ttl"] === "0"),
  },
  {
    title: "a silent node is unknown, and so are its pods",
    loops: () => [nodeLifecycle()],
    // Where nobody answers, the master may be the one that is cut off.
    world: () => [heartbeats("b")],
    begin: async (stage) => {
      await readyNode(stage, "a");
      await readyNode(stage, "b");
      await runningPod(stage, "web", "a");
    },
    kinds: [Node, Pod],
    ended: (state) =>
      state.one(Node, "a")?.spec?.taints?.length === 2 &&
      state.one(Pod, "web")?.status?.conditions?.find(({ type }) => type === "Ready")?.status === "False",
    speed: 500,
  },
  {
    title: "a pod leaves a node whose taint it does not tolerate",
    loops: () => [taintEviction],
    begin: async (stage) => {
      await readyNode(stage, "a");
      await runningPod(stage, "web", "a");
      await stage.patch(Node, "a", { spec: { taints: [gone] } });
    },
    kinds: [Pod],
    ended: (state) => state.one(Pod, "web")?.metadata.deletionTimestamp !== undefined,
  },
  {
    title: "a pod leaves a device whose taint its claim does not tolerate",
    loops: () => [deviceTaintEviction],
    begin: async (stage) => {
      const { make, setStatus, client } = stage;
      await readyNode(stage, "a");
      await runningPod(stage, "web", "a");
      const device = { driver: "gpu.example.com", pool: "a", device: "card" };
      const pool = { name: "a", generation: 1, resourceSliceCount: 1 };
      const taints = [{ ...gone, timeAdded: "2026-01-01T00:00:00Z" }];
      const devices = [{ name: "card", taints }];
      await make(ResourceSlice, "cards", { spec: { driver: "gpu.example.com", nodeName: "a", pool, devices } });
      await make(ResourceClaim, "claim", {
        spec: { devices: { requests: [{ name: "one", exactly: { deviceClassName: "gpu" } }] } },
      });
      const { uid } = (await client.get(Pod, { namespace: "work", name: "web" }))!.metadata;
      const results = [{ request: "one", ...device }];
      const reservedFor = [{ resource: "pods", name: "web", uid }];
      await setStatus(ResourceClaim, "claim", { allocation: { devices: { results } }, reservedFor });
    },
    kinds: [Pod],
    ended: (state) => state.one(Pod, "web")?.metadata.deletionTimestamp !== undefined,
  },
  {
    title: "pods of a node that is gone go, and so do those without one that are told to",
    loops: () => [podGc()],
    begin: async (stage) => {
      await runningPod(stage, "web", "missing");
      await stage.make(Pod, "other", { spec: { containers: [{ name: "main", image: "x" }] } });
    },
    world: () => [podPlayer()],
    kinds: [Pod],
    ended: (state) => state.one(Pod, "web") === undefined && state.one(Pod, "other") !== undefined,
    speed: 500,
  },
];
