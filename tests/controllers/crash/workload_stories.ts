/** What makes pods: rollouts, scaling, Jobs. */
import {
  cronJobs,
  daemonSets,
  deployments,
  disruptions,
  horizontalPodAutoscalers,
  jobOrphans,
  jobs,
  replicaSets,
  replicationControllers,
  statefulSets,
  ttlAfterFinished,
} from "../../../controllers/mod.ts";
import {
  ControllerRevision,
  CronJob,
  DaemonSet,
  Deployment,
  HorizontalPodAutoscaler,
  Job,
  type Kind,
  Node,
  PersistentVolumeClaim,
  Pod,
  PodDisruptionBudget,
  ReplicaSet,
  ReplicationController,
  StatefulSet,
} from "../../../runtime/schema/mod.ts";
import { podPlayer } from "../pod_player.ts";
import type { Stage, State, Story } from "./lives.ts";
import { podEnder } from "./pod_ender.ts";

const labels = { app: "web" };
const podSpec = (image: string) => ({ containers: [{ name: "main", image }] });
const template = (image: string) => ({ metadata: { labels }, spec: podSpec(image) });
const workload = (replicas: number, image = "one") => ({
  spec: { replicas, selector: { matchLabels: labels }, template: template(image) },
});
const endingPod = (image: string) => ({ template: { spec: { ...podSpec(image), restartPolicy: "Never" } } });
const newImage = { spec: { template: { spec: podSpec("two") } } };

interface Scaled {
  readonly metadata?: { readonly generation?: number };
  readonly status?: Partial<
    Record<"replicas" | "updatedReplicas" | "availableReplicas" | "readyReplicas" | "observedGeneration", number>
  >;
}

/** The object `web` has brought `count` pods up and says so. */
function up(kind: Kind<unknown>, count: number, alsoUpdated = false) {
  return (state: State) => {
    const { status = {}, metadata } = (state.one(kind, "web") ?? {}) as Scaled;
    const counts = [status.availableReplicas, status.replicas, alsoUpdated ? status.updatedReplicas : count];
    return counts.every((one) => one === count) && status.observedGeneration === metadata?.generation &&
      state.of(Pod).length === count;
  };
}

const condition = (kind: Kind<unknown>, name: string, wanted: string) => (state: State) => {
  const { status } = (state.one(kind, name) ?? {}) as { status?: { conditions?: { type: string; status: string }[] } };
  return status?.conditions?.some(({ type, status }) => type === wanted && status === "True") ?? false;
};

const rollout = () => [deployments, replicaSets];
const jobLoops = () => [jobs, jobOrphans];

async function nodes({ client, make }: Stage): Promise<void> {
  for (const name of ["a", "b", "c"]) {
    await make(Node, name);
    // Admission taints a new node; here nobody else says that it is ready.
    await client.patch(Node, { name }, { type: "merge", body: { spec: { taints: null } } });
  }
}

const daemonsUp = (state: State) => {
  const { status, metadata } = state.one(DaemonSet, "web") ?? {};
  return [status?.numberAvailable, status?.updatedNumberScheduled].every((count) => count === 3) &&
    status?.observedGeneration === metadata?.generation && state.of(Pod).length === 3;
};

const jobEnds = (wanted: string) => (state: State) =>
  condition(Job, "web", wanted)(state) &&
  state.of(Pod).every(({ metadata }) => (metadata.finalizers ?? []).length === 0 && !metadata.deletionTimestamp) &&
  Object.keys(state.one(Job, "web")?.status?.uncountedTerminatedPods ?? {}).length === 0;

function job(title: string, spec: object, { image = "works", end = "Complete" } = {}): Story {
  return {
    title,
    loops: jobLoops,
    world: () => [podEnder],
    begin: async ({ make }) => void await make(Job, "web", { spec: { ...endingPod(image), ...spec } }),
    kinds: [Job, Pod],
    ended: jobEnds(end),
    speed: 200,
  };
}

export const workloadStories: readonly Story[] = [
  {
    title: "a Deployment comes up",
    loops: rollout,
    world: () => [podPlayer()],
    begin: async ({ make }) => void await make(Deployment, "web", workload(3)),
    kinds: [Deployment, ReplicaSet, Pod],
    ended: up(Deployment, 3, true),
  },
  {
    title: "a Deployment rolls to a new image",
    loops: rollout,
    world: () => [podPlayer()],
    begin: async ({ make, play, patch }) => {
      await make(Deployment, "web", workload(3));
      await play(rollout(), up(Deployment, 3, true));
      await patch(Deployment, "web", newImage);
    },
    kinds: [Deployment, ReplicaSet, Pod],
    ended: up(Deployment, 3, true),
  },
  {
    title: "a Deployment is recreated",
    loops: rollout,
    world: () => [podPlayer()],
    begin: async ({ make, play, patch }) => {
      const { spec } = workload(2);
      await make(Deployment, "web", { spec: { ...spec, strategy: { type: "Recreate" } } });
      await play(rollout(), up(Deployment, 2, true));
      await patch(Deployment, "web", newImage);
    },
    kinds: [Deployment, ReplicaSet, Pod],
    ended: up(Deployment, 2, true),
  },
  {
    title: "a ReplicaSet adopts a pod and is scaled down",
    loops: () => [replicaSets],
    world: () => [podPlayer()],
    begin: async ({ make, play, patch }) => {
      await make(Pod, "", { metadata: { generateName: "web-", labels }, spec: podSpec("one") });
      await make(ReplicaSet, "web", workload(4));
      await play([replicaSets], up(ReplicaSet, 4));
      await patch(ReplicaSet, "web", { spec: { replicas: 1 } });
    },
    kinds: [ReplicaSet, Pod],
    ended: up(ReplicaSet, 1),
  },
  {
    title: "a ReplicationController comes up",
    loops: () => [replicationControllers],
    world: () => [podPlayer()],
    begin: async ({ make }) =>
      void await make(ReplicationController, "web", {
        spec: { replicas: 4, selector: labels, template: template("one") },
      }),
    kinds: [ReplicationController, Pod],
    ended: up(ReplicationController, 4),
  },
  {
    title: "a StatefulSet with claims comes up",
    loops: () => [statefulSets],
    world: () => [podPlayer()],
    begin: async ({ make }) => {
      const claim = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } };
      const { spec } = workload(2);
      const volumeClaimTemplates = [{ metadata: { name: "disk" }, spec: claim }];
      await make(StatefulSet, "web", { spec: { ...spec, serviceName: "web", volumeClaimTemplates } });
    },
    kinds: [StatefulSet, Pod, PersistentVolumeClaim, ControllerRevision],
    ended: up(StatefulSet, 2),
  },
  {
    title: "a StatefulSet rolls to a new image",
    loops: () => [statefulSets],
    world: () => [podPlayer()],
    begin: async ({ make, play, patch }) => {
      const { spec } = workload(3);
      await make(StatefulSet, "web", { spec: { ...spec, serviceName: "web" } });
      await play([statefulSets], up(StatefulSet, 3));
      await patch(StatefulSet, "web", newImage);
    },
    kinds: [StatefulSet, Pod, ControllerRevision],
    ended: (state) => {
      const { currentRevision, updateRevision } = state.one(StatefulSet, "web")?.status ?? {};
      return up(StatefulSet, 3, true)(state) && currentRevision === updateRevision;
    },
  },
  {
    title: "a DaemonSet rolls to a new image",
    loops: () => [daemonSets],
    world: () => [podPlayer()],
    begin: async (stage) => {
      await nodes(stage);
      const { replicas: _none, ...spec } = workload(0).spec;
      await stage.make(DaemonSet, "web", { spec });
      await stage.play([daemonSets], daemonsUp);
      await stage.patch(DaemonSet, "web", newImage);
    },
    kinds: [DaemonSet, Pod, ControllerRevision],
    ended: daemonsUp,
  },
  job("a Job counts its successes", { completions: 3, parallelism: 2 }),
  job("an indexed Job runs every index once", { completions: 3, parallelism: 2, completionMode: "Indexed" }),
  job("a Job with a success policy ends early", {
    ...{ completions: 3, parallelism: 1, completionMode: "Indexed" },
    successPolicy: { rules: [{ succeededIndexes: "0-1" }] },
  }, { end: "SuccessCriteriaMet" }),
  job("a Job counts its failures and gives up", { backoffLimit: 2 }, { image: "fails", end: "Failed" }),
  job("every index of a Job fails for itself", {
    ...{ completions: 2, parallelism: 2, completionMode: "Indexed", backoffLimitPerIndex: 1 },
  }, { image: "fails", end: "Failed" }),
  {
    title: "a suspended Job lets its pods go",
    loops: jobLoops,
    world: () => [podPlayer()],
    begin: async ({ make, play, patch }) => {
      await make(Job, "web", { spec: { ...endingPod("one"), completions: 3, parallelism: 3 } });
      await play(jobLoops(), (state) => state.one(Job, "web")?.status?.ready === 3);
      await patch(Job, "web", { spec: { suspend: true } });
    },
    kinds: [Job, Pod],
    ended: (state) => condition(Job, "web", "Suspended")(state) && state.of(Pod).length === 0,
  },
  {
    title: "a CronJob starts a Job for a time that it missed, and forgets an old one",
    loops: () => [cronJobs],
    begin: async ({ make, setStatus }) => {
      const spec = { schedule: "0 0 1 1 *", timeZone: "UTC", successfulJobsHistoryLimit: 0 };
      const cron = await make(CronJob, "web", { spec: { ...spec, jobTemplate: { spec: endingPod("x") } } });
      const owner = { apiVersion: "batch/v1", kind: "CronJob", name: "web", uid: cron.metadata.uid, controller: true };
      await make(Job, "old", { metadata: { ownerReferences: [owner] }, spec: endingPod("x") });
      const time = "2020-06-01T00:00:00Z";
      const said = { status: "True", lastTransitionTime: time };
      const conditions = [{ type: "SuccessCriteriaMet", ...said }, { type: "Complete", ...said }];
      await setStatus(Job, "old", { startTime: time, completionTime: time, succeeded: 1, conditions });
      await setStatus(CronJob, "web", { lastScheduleTime: time });
    },
    kinds: [CronJob, Job],
    ended: (state) => state.one(CronJob, "web")?.status?.active?.length === 1 && state.of(Job).length === 1,
  },
  {
    title: "a Job goes when its time to live is over",
    loops: () => [ttlAfterFinished],
    begin: async ({ make, play }) => {
      await make(Job, "web", { spec: { ...endingPod("x"), ttlSecondsAfterFinished: 20 } });
      await play([...jobLoops(), podEnder], jobEnds("Complete"));
    },
    kinds: [Job],
    ended: (state) => state.one(Job, "web")?.metadata.deletionTimestamp !== undefined,
    speed: 200,
  },
  {
    title: "an autoscaler brings a Deployment within its bounds",
    loops: () => [horizontalPodAutoscalers()],
    world: () => [...rollout(), podPlayer()],
    begin: async ({ make, play }) => {
      await make(Deployment, "web", workload(1));
      await play([], up(Deployment, 1, true));
      const scaleTargetRef = { apiVersion: "apps/v1", kind: "Deployment", name: "web" };
      const target = { type: "Utilization", averageUtilization: 50 };
      const metrics = [{ type: "Resource", resource: { name: "cpu", target } }];
      await make(HorizontalPodAutoscaler, "web", { spec: { scaleTargetRef, minReplicas: 3, maxReplicas: 4, metrics } });
    },
    kinds: [Deployment, ReplicaSet, Pod],
    ended: up(Deployment, 3, true),
    speed: 200,
  },
  {
    title: "a budget follows the pods of a Deployment",
    loops: () => [disruptions],
    world: () => [...rollout(), podPlayer()],
    begin: async ({ make, play }) => {
      await make(Deployment, "web", workload(4));
      await play([], up(Deployment, 4, true));
      await make(PodDisruptionBudget, "web", { spec: { maxUnavailable: "30%", selector: { matchLabels: labels } } });
    },
    kinds: [PodDisruptionBudget, Deployment, Pod],
    ended: (state) => state.one(PodDisruptionBudget, "web")?.status?.disruptionsAllowed === 2,
  },
];
