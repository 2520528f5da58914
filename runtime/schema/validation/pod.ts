/** Pods, and the little that may change of one. */
import type { IPod } from "kubernetes-models/v1/Pod";
import type { IPodSpec } from "kubernetes-models/v1/PodSpec";
import { validatePodAnnotations } from "./pod_annotations.ts";
import { validatePodSpec } from "./pod_spec.ts";
import { type Report, sameJson } from "./report.ts";

export function validatePod({ metadata, spec }: IPod, report: Report): void {
  validatePodAnnotations(metadata?.annotations, spec, report.at("metadata", "annotations"));
  validatePodSpec(spec, report.at("spec"), true);
}

/** What only comes later, or not before something else. */
export function validateNewPod({ spec }: IPod, report: Report): void {
  const place = report.at("spec");
  if (spec?.ephemeralContainers?.length) place.at("ephemeralContainers").forbidden("cannot be set on create");
  if (spec?.nodeName && spec.schedulingGates?.length) {
    place.at("nodeName").forbidden("cannot be set until all schedulingGates have been cleared");
  }
  if (spec?.serviceAccountName) return;
  spec?.volumes?.forEach(({ projected }, i) =>
    projected?.sources?.forEach(({ serviceAccountToken }, j) => {
      if (!serviceAccountToken) return;
      const token = place.at("volumes", i, "projected", "sources", j, "serviceAccountToken");
      token.forbidden("must not be specified when serviceAccountName is not set");
    })
  );
}

const changeable = "pod updates may not change fields other than `spec.containers[*].image`," +
  "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations)," +
  "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

export function validatePodUpdate(pod: IPod, old: IPod, report: Report): void {
  const spec = pod.spec;
  const before = old.spec;
  if (!spec || !before || sameJson(spec, before)) return;
  if (hasOtherContainers(spec, before, report.at("spec"))) return;
  validateTolerationsKept(spec, before, report.at("spec", "tolerations"));
  validateDeadline(spec, before, report.at("spec", "activeDeadlineSeconds"));
  if (!sameJson(withoutChangeable(spec, before), before)) report.at("spec").forbidden(changeable);
}

function hasOtherContainers(spec: IPodSpec, before: IPodSpec, report: Report): boolean {
  const changed = (["containers", "initContainers"] as const).find((list) =>
    (spec[list]?.length ?? 0) !== (before[list]?.length ?? 0)
  );
  if (changed) report.at(changed).forbidden("pod updates may not add or remove containers");
  return changed !== undefined;
}

function validateTolerationsKept(spec: IPodSpec, before: IPodSpec, report: Report): void {
  const kept = (before.tolerations ?? []).every((old) => spec.tolerations?.some((one) => isSameToleration(one, old)));
  if (!kept) report.forbidden("existing toleration can not be modified except its tolerationSeconds");
}

type Toleration = NonNullable<IPodSpec["tolerations"]>[number];

function isSameToleration(a: Toleration, b: Toleration): boolean {
  return sameJson({ ...a, tolerationSeconds: undefined }, { ...b, tolerationSeconds: undefined });
}

function validateDeadline(spec: IPodSpec, before: IPodSpec, report: Report): void {
  const [now, then] = [spec.activeDeadlineSeconds, before.activeDeadlineSeconds];
  if (then === undefined || now === then) return;
  if (now === undefined) report.invalid(null, "must not update from a positive integer to nil value");
  else if (now > then) report.invalid(now, "must be less than or equal to previous value");
}

/** The new spec with everything that may change set back. */
function withoutChangeable(spec: IPodSpec, before: IPodSpec): IPodSpec {
  const mixed: IPodSpec = {
    ...spec,
    activeDeadlineSeconds: before.activeDeadlineSeconds,
    tolerations: before.tolerations,
    containers: withImagesOf(spec.containers, before.containers)!,
    initContainers: withImagesOf(spec.initContainers, before.initContainers),
  };
  if ((before.terminationGracePeriodSeconds ?? 0) < 0 && spec.terminationGracePeriodSeconds === 1) {
    mixed.terminationGracePeriodSeconds = before.terminationGracePeriodSeconds;
  }
  return before.schedulingGates?.length ? withoutGated(mixed, before) : mixed;
}

/** While a pod waits at gates they may be taken away, and what narrows its nodes may be added (KEP-3521, KEP-3838). */
function withoutGated(spec: IPodSpec, before: IPodSpec): IPodSpec {
  const known = new Set(before.schedulingGates?.map(({ name }) => name));
  const onlyFewer = (spec.schedulingGates ?? []).every(({ name }) => known.has(name));
  const narrowed = Object.entries(before.nodeSelector ?? {}).every(([key, value]) =>
    spec.nodeSelector?.[key] === value
  );
  return {
    ...spec,
    schedulingGates: onlyFewer ? before.schedulingGates : spec.schedulingGates,
    nodeSelector: narrowed ? before.nodeSelector : spec.nodeSelector,
    affinity: before.affinity ? spec.affinity : undefined,
  };
}

type Containers = IPodSpec["containers"];

function withImagesOf(now: Containers | undefined, then: Containers | undefined): Containers | undefined {
  return now?.map((container, i) => then?.[i] ? { ...container, image: then[i].image } : container);
}
