/** Of whom figures are told: the machine, each pod that has a control group, each running container. */
import { type CgroupFiles, podCgroup, rootCgroup } from "../../node/cgroup_files.ts";
import type { ContainerUsage } from "../../node/usage.ts";
import type { Labels } from "../metric_text.ts";

export interface Subject {
  readonly cgroup: CgroupFiles;
  readonly labels: Labels;
  /** Absent: the machine, or a pod as a whole. */
  readonly container?: ContainerUsage;
}

const nobody = { container: "", image: "", name: "", namespace: "", pod: "" };

export function subjectsOf(containers: readonly ContainerUsage[]): Subject[] {
  const [first] = containers;
  const machine = first ? [{ cgroup: rootCgroup(first.cgroup), labels: { ...nobody, id: "/" } }] : [];
  return [...machine, ...podsOf(containers), ...containers.map(containerSubject)];
}

function podsOf(containers: readonly ContainerUsage[]): Subject[] {
  const pods = new Map<string, Subject>();
  for (const { cgroup, observed: { podUid, podName: pod, podNamespace: namespace } } of containers) {
    const own = podCgroup(cgroup, podUid);
    if (own) pods.set(podUid, { cgroup: own, labels: { ...nobody, namespace, pod, id: own.path } });
  }
  return [...pods.values()];
}

function containerSubject(container: ContainerUsage): Subject {
  const { cgroup, observed: { name, podName: pod, podNamespace: namespace, isSandbox, state } } = container;
  const labels = { container: isSandbox ? "POD" : name, image: state.image, name: state.name, namespace, pod };
  return { cgroup, container, labels: { ...labels, id: cgroup.path } };
}
