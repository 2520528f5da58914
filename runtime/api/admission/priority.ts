/** Priority: the number behind a pod's priorityClassName, or the cluster's default. */
import { groupResourceOf, type Stored } from "../../schema/mod.ts";
import { forbidden } from "../objects/refusals.ts";
import type { AdmissionPlugin, AdmissionRequest, ClusterView } from "./admission.ts";

interface PodSpec {
  priority?: number;
  priorityClassName?: string;
  preemptionPolicy?: string;
}

interface PriorityClass {
  readonly value: number;
  readonly globalDefault?: boolean;
  readonly preemptionPolicy?: string;
}

export const priority: AdmissionPlugin = {
  name: "Priority",
  admit(request, view) {
    const { resource, operation, object, subresource } = request;
    if (groupResourceOf(resource) !== "pods" || subresource || !object?.spec) return;
    const spec = object.spec as PodSpec;
    if (operation === "UPDATE") return keepPriority(spec, request.old?.spec as PodSpec | undefined);
    if (operation !== "CREATE") return;
    const found = classOf(request, spec, view);
    const value = found ? (found as unknown as PriorityClass).value : 0;
    const preemption = (found as PriorityClass | undefined)?.preemptionPolicy ?? "PreemptLowerPriority";
    if (spec.priority !== undefined && spec.priority !== value) {
      throw forbidden(
        resource,
        request.name,
        `the integer value of priority (${spec.priority}) must not be provided in pod spec; ` +
          `priority admission controller computed ${value} from the given PriorityClass name`,
      );
    }
    if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== preemption) {
      throw forbidden(
        resource,
        request.name,
        `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; ` +
          `priority admission controller computed ${preemption} from the given PriorityClass name`,
      );
    }
    spec.priority = value;
    if (found) spec.priorityClassName = found.metadata.name;
    spec.preemptionPolicy = preemption;
  },
  validate: onlyOneDefault,
};

/** Whoever puts the manifest again that the pod was made from does not say what was decided then. */
function keepPriority(spec: PodSpec, { priority, preemptionPolicy }: PodSpec = {}): void {
  if (priority !== undefined) spec.priority ??= priority;
  if (preemptionPolicy !== undefined) spec.preemptionPolicy ??= preemptionPolicy;
}

function onlyOneDefault({ resource, object, name }: AdmissionRequest, view: ClusterView): void {
  if (groupResourceOf(resource) !== "priorityclasses.scheduling.k8s.io") return;
  if (!(object as { globalDefault?: boolean } | undefined)?.globalDefault) return;
  const others = view.list("scheduling.k8s.io", "priorityclasses") as unknown as (Stored & PriorityClass)[];
  const marked = others.find(({ globalDefault, metadata }) => globalDefault && metadata.name !== name);
  if (!marked) return;
  const why = `PriorityClass ${marked.metadata.name} is already marked as default. Only one default can exist`;
  throw forbidden(resource, name, why);
}

function classOf({ resource, name }: AdmissionRequest, spec: PodSpec, view: ClusterView): Stored | undefined {
  const { priorityClassName } = spec;
  const group = "scheduling.k8s.io";
  if (priorityClassName) {
    const found = view.get(group, "priorityclasses", "", priorityClassName);
    if (!found) throw forbidden(resource, name, `no PriorityClass with name ${priorityClassName} was found`);
    return found;
  }
  const defaults = view.list(group, "priorityclasses") as unknown as (Stored & PriorityClass)[];
  return defaults.filter(({ globalDefault }) => globalDefault).sort((a, b) => a.value - b.value)[0];
}
