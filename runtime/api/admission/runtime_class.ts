/** RuntimeClass: what running in a sandbox costs and where it can be had, written into the pod (KEP-585, KEP-688). */
import type { Stored } from "../../schema/mod.ts";
import { sameJson } from "../../schema/mod.ts";
import { forbidden } from "../objects/refusals.ts";
import type { AdmissionPlugin, AdmissionRequest } from "./admission.ts";
import { created } from "./written.ts";

interface Toleration {
  key?: string;
  [field: string]: unknown;
}

interface Pod {
  spec?: {
    runtimeClassName?: string;
    overhead?: Record<string, string>;
    nodeSelector?: Record<string, string>;
    tolerations?: Toleration[];
  };
}

interface RuntimeClass extends Stored {
  overhead?: { podFixed?: Record<string, string> };
  scheduling?: { nodeSelector?: Record<string, string>; tolerations?: Toleration[] };
}

export const runtimeClass: AdmissionPlugin = {
  name: "RuntimeClass",
  admit(request, view) {
    const spec = created<Pod>(request, "pods")?.spec;
    if (!spec?.runtimeClassName) return;
    const found = view.get("node.k8s.io", "runtimeclasses", "", spec.runtimeClassName) as RuntimeClass | undefined;
    if (!found) {
      throw refusal(
        request,
        `pod rejected: RuntimeClass "${spec.runtimeClassName}" not found`,
      );
    }
    addOverhead(request, spec, found);
    addScheduling(request, spec, found);
  },
  validate(request) {
    const spec = created<Pod>(request, "pods")?.spec;
    if (!spec || spec.runtimeClassName || !spec.overhead || Object.keys(spec.overhead).length === 0) return;
    throw refusal(request, "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead");
  },
};

type Spec = NonNullable<Pod["spec"]>;

function addOverhead(request: AdmissionRequest, spec: Spec, { overhead }: RuntimeClass): void {
  const fixed = overhead?.podFixed;
  const given = spec.overhead && Object.keys(spec.overhead).length > 0 ? spec.overhead : undefined;
  if (given && !fixed) {
    throw refusal(request, "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead");
  }
  if (given && !sameJson(given, fixed)) {
    throw refusal(
      request,
      "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead",
    );
  }
  if (fixed) spec.overhead = { ...fixed };
}

function addScheduling(request: AdmissionRequest, spec: Spec, { scheduling }: RuntimeClass): void {
  for (const [key, value] of Object.entries(scheduling?.nodeSelector ?? {})) {
    const own = spec.nodeSelector?.[key];
    if (own !== undefined && own !== value) {
      throw refusal(
        request,
        `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${own}`,
      );
    }
    spec.nodeSelector = { ...spec.nodeSelector, [key]: value };
  }
  const missing = (scheduling?.tolerations ?? []).filter((one) =>
    !(spec.tolerations ?? []).some((own) => sameJson(own, one))
  );
  if (missing.length > 0) spec.tolerations = [...spec.tolerations ?? [], ...structuredClone(missing)];
}

function refusal({ resource, name }: AdmissionRequest, why: string) {
  return forbidden(resource, name, why);
}
