/** Keeps `status.typeChecking` of ValidatingAdmissionPolicies: each generation is checked once. */
import { isReason, type Json, type Stored } from "../../../schema/mod.ts";
import { apiServerUser } from "../../bootstrap/ensure.ts";
import type { WatchCache } from "../../cache/mod.ts";
import type { Operations } from "../../operations.ts";
import type { ResourceRegistry } from "../../resource_registry.ts";
import type { PolicySpec } from "./declared.ts";
import { expressionWarnings } from "./type_check.ts";

export interface PolicyFollower {
  readonly cache: WatchCache;
  readonly registry: ResourceRegistry;
  readonly operations: Operations;
  readonly onTrouble: (error: unknown) => void;
}

/** Dispose to stop following. */
export function followPolicies(options: PolicyFollower): Disposable {
  const resource = options.registry.find("admissionregistration.k8s.io", "v1", "validatingadmissionpolicies")!;
  const check = async ({ metadata, spec, status }: Stored) => {
    const { name, generation = 1, deletionTimestamp } = metadata;
    if (
      deletionTimestamp || (status as { observedGeneration?: number } | undefined)?.observedGeneration === generation
    ) return;
    const warnings = expressionWarnings(spec as PolicySpec, options.registry);
    const typeChecking = warnings.length > 0 ? { expressionWarnings: warnings } : {};
    const body = { status: { observedGeneration: generation, typeChecking } } as unknown as Json;
    const call = { user: apiServerUser, fieldManager: "kube-apiserver", subresource: "status" };
    await options.operations.patch({ resource, namespace: "", name }, { type: "merge", body }, call);
  };
  const sink = {
    event: (type: string, { object }: { object: Stored }) => {
      if (type === "DELETED") return;
      check(object).catch((error) => isReason(error, "NotFound") || options.onTrouble(error));
    },
    bookmark: () => {},
    closed: () => {},
  };
  return options.cache.resource(resource.storagePrefix).watch({ selection: { folder: "" }, sink, bookmarks: false }, 0);
}
