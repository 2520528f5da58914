/**
 * LimitRanger: what a namespace says a container, a pod or a claim uses when it does not say itself, and between which
 * bounds it may.
 *
 * Source: "Limit Ranges" of the Kubernetes documentation.
 */
import type { Stored } from "../../schema/mod.ts";
import { groupResourceOf } from "../../schema/mod.ts";
import { forbidden } from "../objects/refusals.ts";
import type { AdmissionPlugin } from "./admission.ts";
import { type Amounts, limitFaults, type LimitItem } from "./limit_bounds.ts";
import { type PodUse, useOfPod } from "./pod_use.ts";
import { created, updated } from "./written.ts";

interface LimitRange extends Stored {
  spec?: { limits?: LimitItem[] };
}

interface Pod extends PodUse {
  metadata?: { annotations?: Record<string, string> };
}

interface Claim {
  spec?: { resources?: { requests?: Amounts } };
}

const annotation = "kubernetes.io/limit-ranger";

export const limitRanger: AdmissionPlugin = {
  name: "LimitRanger",
  admit(request, view) {
    const pod = created<Pod>(request, "pods");
    if (!pod?.spec) return;
    const items = itemsIn(view.list("", "limitranges", request.namespace)).filter(({ type }) => type === "Container");
    const told = items.flatMap((item) => fillPod(pod, item));
    if (told.length === 0) return;
    const metadata = pod.metadata ??= {};
    metadata.annotations = { ...metadata.annotations, [annotation]: `LimitRanger plugin set: ${told.join("; ")}` };
  },
  validate(request, view) {
    const pod = created<Pod>(request, "pods") ?? (request.subresource === "resize" ? request.object as Pod : undefined);
    const claims = "persistentvolumeclaims";
    const claim = created<Claim>(request, claims) ?? updated<Claim>(request, claims);
    if (!pod?.spec && !claim || groupResourceOf(request.resource) === "pods" && !pod) return;
    const items = itemsIn(view.list("", "limitranges", request.namespace));
    const faults = pod
      ? items.flatMap((item) => podFaults(pod, item))
      : items.flatMap((item) => claimFaults(claim!, item));
    if (faults.length === 0) return;
    throw forbidden(request.resource, request.name, faults.length === 1 ? faults[0]! : `[${faults.join(", ")}]`);
  },
};

function itemsIn(ranges: readonly LimitRange[]): LimitItem[] {
  return ranges.flatMap(({ spec }) => spec?.limits ?? []);
}

/** What was filled in, in words, a line for each container. */
function fillPod(pod: Pod, { default: limits = {}, defaultRequest: requests = {} }: LimitItem): string[] {
  const lists = [["container", pod.spec!.containers], ["init container", pod.spec!.initContainers]] as const;
  return lists.flatMap(([word, containers]) =>
    (containers ?? []).flatMap((container) => {
      const resources = container.resources ??= {};
      const asked = missing(resources.requests, requests);
      const limited = missing(resources.limits, limits);
      if (asked.length > 0) resources.requests = { ...requests, ...resources.requests };
      if (limited.length > 0) resources.limits = { ...limits, ...resources.limits };
      const told = (names: string[], what: string) =>
        names.length > 0 ? [`${names.join(", ")} ${what} for ${word} ${container.name}`] : [];
      return [...told(asked, "request"), ...told(limited, "limit")];
    })
  );
}

function missing(given: Amounts = {}, wanted: Amounts): string[] {
  return Object.keys(wanted).filter((name) => given[name] === undefined).sort();
}

function podFaults(pod: Pod, item: LimitItem): string[] {
  if (item.type === "Pod") return limitFaults(item, useOfPod(pod));
  if (item.type !== "Container") return [];
  const containers = [...pod.spec?.containers ?? [], ...pod.spec?.initContainers ?? []];
  return containers.flatMap(({ resources }) => limitFaults(item, resources ?? {}));
}

function claimFaults({ spec }: Claim, item: LimitItem): string[] {
  return item.type === "PersistentVolumeClaim" ? limitFaults(item, { requests: spec?.resources?.requests }) : [];
}
