/** What the ways beside a pod's own may change: its resources (KEP-1287) and its ephemeral containers (KEP-277). */
import type { IPod } from "kubernetes-models/v1/Pod";
import type { IPodSpec } from "kubernetes-models/v1/PodSpec";
import { qosClassOf } from "../strategy/pod_qos.ts";
import { type Report, sameJson } from "./report.ts";

export function validatePodParts({ spec }: IPod, old: IPod, report: Report, subresource?: string): void {
  if (!spec || !old.spec) return;
  const place = report.at("spec");
  if (subresource === "resize") validateResize(spec, old.spec, place);
  if (subresource === "ephemeralcontainers") validateEphemeral(spec, old.spec, place.at("ephemeralContainers"));
}

function validateResize(spec: IPodSpec, before: IPodSpec, report: Report): void {
  const qos = qosClassOf(before);
  if (qosClassOf(spec) !== qos) report.invalid(qos, "Pod QOS Class may not change as a result of resizing");
  for (const list of ["containers", "initContainers"] as const) {
    spec[list]?.forEach(({ name, resources }, i) => {
      const held = before[list]?.find((one) => one.name === name)?.resources;
      for (const kind of ["limits", "requests"] as const) {
        const isGone = Object.keys(held?.[kind] ?? {}).some((resource) => resources?.[kind]?.[resource] === undefined);
        if (isGone) report.at(list, i, "resources", kind).forbidden(`resource ${kind} cannot be removed`);
      }
      if (!sameJson(unsizable(resources), unsizable(held))) {
        report.forbidden("only cpu and memory resources are mutable");
      }
    });
  }
}

type Resources = IPodSpec["containers"][number]["resources"];

function unsizable(resources: Resources): object {
  return (["limits", "requests"] as const).map((kind) =>
    Object.entries(resources?.[kind] ?? {}).filter(([name]) => name !== "cpu" && name !== "memory")
  );
}

const probes = ["livenessProbe", "readinessProbe", "startupProbe"];
const notForEphemeral = ["ports", ...probes, "lifecycle", "resources", "resizePolicy"];

/** They come, and stay as they came. */
function validateEphemeral(spec: IPodSpec, before: IPodSpec, report: Report): void {
  const containers = spec.ephemeralContainers ?? [];
  for (const held of before.ephemeralContainers ?? []) {
    const now = containers.find(({ name }) => name === held.name);
    const words = `existing ephemeral containers ${JSON.stringify(held.name)} may not be`;
    if (!now) report.forbidden(`${words} removed\n`);
    else if (!sameJson(now, held)) report.forbidden(`${words} changed`);
  }
  const others = [...spec.containers, ...spec.initContainers ?? []].map(({ name }) => name);
  containers.forEach((container, i) => {
    const place = report.at(i);
    for (const field of notForEphemeral) {
      const value = (container as unknown as Record<string, unknown>)[field];
      const isEmpty = value === undefined || field === "resources" && Object.keys(value as object).length === 0;
      if (!isEmpty) place.at(field).forbidden("cannot be set for an Ephemeral Container");
    }
    const target = container.targetContainerName;
    if (target && !others.includes(target)) place.at("targetContainerName").notFound(target);
  });
}
