/** Rows of the groups that run things: apps, batch, autoscaling, policy. */
import { resourcesOf, scale } from "./row.ts";

const all = ["all"];

export const workloadResources = [
  ...resourcesOf({ group: "apps", version: "v1" }, [
    { kind: "ControllerRevision", plural: "controllerrevisions", namespaced: true },
    {
      kind: "DaemonSet",
      plural: "daemonsets",
      namespaced: true,
      shortNames: ["ds"],
      categories: all,
      subresources: ["status"],
    },
    {
      kind: "Deployment",
      plural: "deployments",
      namespaced: true,
      shortNames: ["deploy"],
      categories: all,
      subresources: [scale, "status"],
    },
    {
      kind: "ReplicaSet",
      plural: "replicasets",
      namespaced: true,
      shortNames: ["rs"],
      categories: all,
      subresources: [scale, "status"],
    },
    {
      kind: "StatefulSet",
      plural: "statefulsets",
      namespaced: true,
      shortNames: ["sts"],
      categories: all,
      subresources: [scale, "status"],
    },
  ]),
  ...resourcesOf({ group: "batch", version: "v1" }, [
    {
      kind: "CronJob",
      plural: "cronjobs",
      namespaced: true,
      shortNames: ["cj"],
      categories: all,
      subresources: ["status"],
    },
    {
      kind: "Job",
      plural: "jobs",
      namespaced: true,
      categories: all,
      subresources: ["status"],
      selects: [["status.successful", "status.succeeded"]],
      unselectable: 'field label "%s" not supported for Job',
    },
  ]),
  ...["v2", "v1"].flatMap((version) =>
    resourcesOf({ group: "autoscaling", version }, [{
      kind: "HorizontalPodAutoscaler",
      plural: "horizontalpodautoscalers",
      namespaced: true,
      shortNames: ["hpa"],
      categories: all,
      subresources: ["status"],
      storageVersion: "autoscaling/v2",
    }])
  ),
  ...resourcesOf({ group: "policy", version: "v1" }, [{
    kind: "PodDisruptionBudget",
    plural: "poddisruptionbudgets",
    namespaced: true,
    shortNames: ["pdb"],
    subresources: ["status"],
  }]),
];
