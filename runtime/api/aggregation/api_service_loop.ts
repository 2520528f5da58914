/**
 * Keeps the condition `Available` of every APIService true, and what other servers serve known: when an APIService, its
 * Service or its endpoints change, and every half a minute as long as there is another server. Without one it sleeps.
 */
import type { Clock } from "../../loop/controller.ts";
import { isReason, type KubeObject, type Stored } from "../../schema/mod.ts";
import { apiServerUser } from "../bootstrap/ensure.ts";
import type { WatchCache } from "../cache/mod.ts";
import { copyJson, sameJson } from "../objects/json_value.ts";
import { timestamp } from "../objects/machinery.ts";
import type { Operations } from "../operations.ts";
import type { ResourceRegistry } from "../resource_registry.ts";
import { look } from "./availability.ts";
import type { Reach } from "./destination.ts";
import type { ApiService, Condition, RemoteApis } from "./remote_apis.ts";

export interface ApiServiceLoop {
  readonly apis: RemoteApis;
  readonly reach: Reach;
  readonly cache: WatchCache;
  readonly operations: Operations;
  readonly registry: ResourceRegistry;
  readonly clock: Clock;
  readonly onTrouble: (error: unknown) => void;
}

const againMs = 30_000;
const soonMs = 100;
/** A server that just started answers before its next look is due. */
const retryMs = 1_000;

/** Dispose to stop. */
export function keepApiServices(options: ApiServiceLoop): Disposable {
  const { apis, cache, clock, onTrouble } = options;
  const timers = new Map<string, Disposable>();
  const stack = new DisposableStack();
  let stopped = false;
  const due = (name: string, ms: number) => {
    timers.get(name)?.[Symbol.dispose]();
    timers.delete(name);
    if (stopped || !apis.get(name)) return;
    timers.set(name, clock.after(ms, () => void run(name)));
  };
  const run = async (name: string) => {
    const service = apis.get(name);
    if (!service) return;
    const available = await reconcile(service, options).catch((error) => (onTrouble(error), false));
    due(name, available ? againMs : retryMs);
  };
  apis.onChange((name) => due(name, soonMs));
  for (const { metadata } of apis.all()) due(metadata.name, 0);
  const sink = {
    event: (_type: string, { object }: { object: Stored }) => {
      for (const one of apis.all()) if (concerns(one, object)) due(one.metadata.name, soonMs);
    },
    bookmark: () => {},
    closed: () => {},
  };
  for (const prefix of ["/registry/services/specs", "/registry/endpointslices"]) {
    const start = { selection: { folder: "" }, sink, bookmarks: false, after: cache.revision };
    stack.use(cache.resource(prefix).watch(start, cache.revision));
  }
  stack.defer(() => {
    stopped = true;
    for (const timer of timers.values()) timer[Symbol.dispose]();
  });
  return stack;
}

function concerns({ spec: { service } }: ApiService, { metadata }: Stored): boolean {
  const named = metadata.labels?.["kubernetes.io/service-name"] ?? metadata.name;
  return service?.namespace === metadata.namespace && service?.name === named;
}

/** Whether it can be used. */
async function reconcile(service: ApiService, options: ApiServiceLoop): Promise<boolean> {
  const { apis, reach } = options;
  const { name } = service.metadata;
  const { condition, heard } = await look(service, reach);
  if (heard) apis.hear(name, heard);
  else apis.hear(name, undefined);
  await write(name, condition, options);
  return condition.status === "True";
}

/** Other conditions are their writers'. */
async function write(
  name: string,
  found: Omit<Condition, "type">,
  { apis, operations, registry, clock }: ApiServiceLoop,
) {
  const live = apis.get(name);
  if (!live) return;
  const conditions = live.status?.conditions ?? [];
  const before = conditions.find(({ type }) => type === "Available");
  const lastTransitionTime = before?.status === found.status && before.lastTransitionTime || timestamp(clock.now());
  const condition: Condition = { type: "Available", ...found, lastTransitionTime };
  if (sameJson(before, condition)) return;
  const others = conditions.filter(({ type }) => type !== "Available");
  const object = copyJson({ ...live, status: { conditions: [...others, condition] } }) as unknown as KubeObject;
  const resource = registry.find("apiregistration.k8s.io", "v1", "apiservices")!;
  const call = { user: apiServerUser, fieldManager: "kube-aggregator", subresource: "status" };
  try {
    await operations.update({ resource, namespace: "", name }, object, call);
  } catch (error) {
    if (!isReason(error, "Conflict", "NotFound")) throw error;
  }
}
