/** The columns of what runs pods: Deployments, ReplicaSets, StatefulSets, DaemonSets, Jobs, CronJobs and their kin. */
import type { IControllerRevision } from "kubernetes-models/apps/v1/ControllerRevision";
import type { ICronJob } from "kubernetes-models/batch/v1/CronJob";
import type { IDaemonSet } from "kubernetes-models/apps/v1/DaemonSet";
import type { IDeployment } from "kubernetes-models/apps/v1/Deployment";
import type { IHorizontalPodAutoscaler } from "kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler";
import type { IJob } from "kubernetes-models/batch/v1/Job";
import type { IPodDisruptionBudget } from "kubernetes-models/policy/v1/PodDisruptionBudget";
import type { IReplicaSet } from "kubernetes-models/apps/v1/ReplicaSet";
import type { IReplicationController } from "kubernetes-models/v1/ReplicationController";
import type { IStatefulSet } from "kubernetes-models/apps/v1/StatefulSet";
import { age, column, containers, images, labels, labelSelector, name, type Printer, printer } from "./cell.ts";
import { selector, wide } from "./cell.ts";
import { ageOf, humanDuration } from "./human_duration.ts";
import { targetsOf } from "./metrics.ts";

export const deployments: Printer = printer<IDeployment>(
  name,
  column("Ready", ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`),
  column("Up-to-date", ({ status }) => status?.updatedReplicas ?? 0),
  column("Available", ({ status }) => status?.availableReplicas ?? 0),
  age,
  containers,
  images,
  selector,
);

export const replicaSets: Printer = printer<IReplicaSet>(
  name,
  column("Desired", ({ spec }) => spec?.replicas ?? 0, "integer"),
  column("Current", ({ status }) => status?.replicas ?? 0, "integer"),
  column("Ready", ({ status }) => status?.readyReplicas ?? 0, "integer"),
  age,
  containers,
  images,
  selector,
);

export const replicationControllers: Printer = printer<IReplicationController>(
  ...(replicaSets.slice(0, -1) as never[]),
  wide("Selector", ({ spec }) => labels(spec?.selector)),
);

export const statefulSets: Printer = printer<IStatefulSet>(
  name,
  column("Ready", ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`),
  age,
  containers,
  images,
);

export const daemonSets: Printer = printer<IDaemonSet>(
  name,
  column("Desired", ({ status }) => status?.desiredNumberScheduled ?? 0, "integer"),
  column("Current", ({ status }) => status?.currentNumberScheduled ?? 0, "integer"),
  column("Ready", ({ status }) => status?.numberReady ?? 0, "integer"),
  column("Up-to-date", ({ status }) => status?.updatedNumberScheduled ?? 0, "integer"),
  column("Available", ({ status }) => status?.numberAvailable ?? 0, "integer"),
  column("Node Selector", ({ spec }) => labels(spec?.template?.spec?.nodeSelector)),
  age,
  containers,
  images,
  selector,
);

export const jobs: Printer = printer<IJob>(
  name,
  column("Status", jobStatus),
  column("Completions", jobCompletions),
  column("Duration", jobDuration),
  age,
  containers,
  images,
  selector,
);

function jobStatus({ metadata, status }: IJob): string {
  const has = (type: string) => status?.conditions?.some((c) => c.type === type && c.status === "True");
  if (has("Complete")) return "Complete";
  if (has("Failed")) return "Failed";
  if (metadata?.deletionTimestamp) return "Terminating";
  return ["Suspended", "FailureTarget", "SuccessCriteriaMet"].find(has) ?? "Running";
}

function jobCompletions({ spec, status }: IJob): string {
  const succeeded = status?.succeeded ?? 0;
  if (spec?.completions !== undefined) return `${succeeded}/${spec.completions}`;
  const parallelism = spec?.parallelism ?? 0;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function jobDuration({ status }: IJob, now: number): string {
  if (!status?.startTime) return "";
  const end = status.completionTime ? Date.parse(status.completionTime) : now;
  return humanDuration(end - Date.parse(status.startTime));
}

interface CronJobTemplate {
  spec?: { jobTemplate?: { spec?: { template?: never } } };
}

const ofJobTemplate = <T extends CronJobTemplate>({ spec }: T) => ({ spec: spec?.jobTemplate?.spec });

export const cronJobs: Printer = printer<ICronJob>(
  name,
  column("Schedule", ({ spec }) => spec?.schedule ?? ""),
  column("Timezone", ({ spec }) => spec?.timeZone ?? "<none>"),
  column("Suspend", ({ spec }) => spec?.suspend === undefined ? "<unset>" : spec.suspend ? "True" : "False", "boolean"),
  column("Active", ({ status }) => status?.active?.length ?? 0, "integer"),
  column(
    "Last Schedule",
    ({ status }, now) => status?.lastScheduleTime ? ageOf(status.lastScheduleTime, now) : "<none>",
  ),
  age,
  { ...containers, cell: (cronJob, now) => containers.cell(ofJobTemplate(cronJob as CronJobTemplate), now) },
  { ...images, cell: (cronJob, now) => images.cell(ofJobTemplate(cronJob as CronJobTemplate), now) },
  wide("Selector", ({ spec }) => labelSelector(spec?.jobTemplate?.spec?.selector)),
);

export const horizontalPodAutoscalers: Printer = printer<IHorizontalPodAutoscaler>(
  name,
  column("Reference", ({ spec }) => `${spec?.scaleTargetRef?.kind}/${spec?.scaleTargetRef?.name}`),
  column("Targets", targetsOf),
  column("MinPods", ({ spec }) => spec?.minReplicas === undefined ? "<unset>" : String(spec.minReplicas)),
  column("MaxPods", ({ spec }) => spec?.maxReplicas ?? 0),
  column("Replicas", ({ status }) => status?.currentReplicas ?? 0),
  age,
);

export const podDisruptionBudgets: Printer = printer<IPodDisruptionBudget>(
  name,
  column("Min Available", ({ spec }) => String(spec?.minAvailable ?? "N/A")),
  column("Max Unavailable", ({ spec }) => String(spec?.maxUnavailable ?? "N/A")),
  column("Allowed Disruptions", ({ status }) => status?.disruptionsAllowed ?? 0, "integer"),
  age,
);

export const controllerRevisions: Printer = printer<IControllerRevision>(
  name,
  column("Controller", controllerOf),
  column("Revision", ({ revision }) => revision ?? 0),
  age,
);

function controllerOf({ metadata }: IControllerRevision): string {
  const owner = metadata?.ownerReferences?.find(({ controller }) => controller);
  if (!owner) return "<none>";
  const group = owner.apiVersion.includes("/") ? `.${owner.apiVersion.split("/")[0]}` : "";
  return `${owner.kind.toLowerCase()}${group}/${owner.name}`;
}
