/**
 * ServiceCIDR `kubernetes`: the ranges that the server was started with. Made again when somebody removed it, and ready from
 * the start, because the first Services are made before any loop runs; one that differs from the flags is left as it is.
 */
import type { WatchCache } from "../cache/mod.ts";
import { apiServerUser, ensureExists, type Keeper, targetFor } from "./ensure.ts";
import { keepUp } from "./keep_up.ts";

export interface DefaultServiceCidr {
  readonly keeper: Keeper;
  readonly cache: WatchCache;
  readonly cidrs: readonly string[];
  /** RFC 3339. */
  readonly now: () => string;
  readonly onTrouble: (error: unknown) => void;
}

/** Resolves when it is there; dispose to stop keeping it. */
export function keepDefaultServiceCidr(options: DefaultServiceCidr): Promise<Disposable> {
  const { cache, onTrouble } = options;
  const prefixes = ["/registry/servicecidrs"];
  return keepUp({ cache, prefixes, path: "kubernetes", reconcile: () => reconcile(options), onTrouble });
}

async function reconcile({ keeper, cache, cidrs, now }: DefaultServiceCidr): Promise<void> {
  const object = {
    apiVersion: "networking.k8s.io/v1",
    kind: "ServiceCIDR",
    metadata: { name: "kubernetes" },
    spec: { cidrs: [...cidrs] },
  };
  const target = targetFor(keeper, object);
  await ensureExists(keeper, object);
  const live = cache.resource("/registry/servicecidrs").get("kubernetes")?.object;
  const { conditions = [] } = (live?.status ?? {}) as { conditions?: { type: string }[] };
  if (!live || live.metadata.deletionTimestamp || conditions.some(({ type }) => type === "Ready")) return;
  const ready = {
    type: "Ready",
    status: "True",
    reason: "",
    message: "Kubernetes default Service CIDR is ready",
    lastTransitionTime: now(),
  };
  const call = { user: apiServerUser, fieldManager: "kube-apiserver", subresource: "status" };
  await keeper.operations.patch(target, { type: "merge", body: { status: { conditions: [ready] } } }, call);
}
