/**
 * The API server below HTTP: the rows of all kinds, the watch cache, admission, the allocators, and the operations over
 * them. Nothing of it begins to do anything by itself: that is `upkeep.ts`.
 */
import { getLogger } from "@logtape/logtape";
import { builtinResources, type IpRange, type Resource } from "../schema/mod.ts";
import { nodeRestriction } from "./access/node_restriction.ts";
import { roleEscalation } from "./access/role_escalation.ts";
import type { AdmissionPlugin } from "./admission/admission.ts";
import { usualPlugins } from "./admission/choice.ts";
import { admissionPlugins } from "./admission/plugins.ts";
import { withPolicyRules } from "./admission/policy/compiled.ts";
import { resourceQuota } from "./admission/quota/resource_quota.ts";
import { matchConditionsHold } from "./admission/webhooks/match_conditions.ts";
import type { ObserveWebhook } from "./admission/webhooks/webhook_metrics.ts";
import { KeptConnections } from "./aggregation/kept_connections.ts";
import { clusterIps } from "./allocators/cluster_ips.ts";
import { nodePorts } from "./allocators/node_ports.ts";
import { ServiceRanges, serviceRangesOf } from "./allocators/service_ranges.ts";
import type { ApiOptions } from "./api_options.ts";
import { ensureExists, type Keeper } from "./bootstrap/ensure.ts";
import { WatchCache } from "./cache/mod.ts";
import { clusterView } from "./cluster_view.ts";
import { withDefinitionRules } from "./custom_resources/definition_check.ts";
import { withDeviceRules } from "./objects/device_selectors.ts";
import { nodeMetricsRows } from "./node_metrics/rows.ts";
import type { Machinery } from "./objects/machinery.ts";
import { objectOperations } from "./objects/object_operations.ts";
import type { Operations } from "./operations.ts";
import { type ResourceRegistry, resourceRegistry } from "./resource_registry.ts";

export interface ApiCore extends Keeper {
  readonly operations: Operations;
  readonly registry: ResourceRegistry;
  readonly machinery: Machinery;
  /** The admission plugins that are on, in their order; what only who may write is asked for is not among them. */
  readonly plugins: readonly AdmissionPlugin[];
  /** Of the Services' addresses: one, or one of each family. */
  readonly ranges: readonly IpRange[];
  /** To webhooks; its owner ends them. */
  readonly connections: KeptConnections;
}

const log = getLogger(["d8s", "api"]);
const usualNodePorts = { first: 30000, last: 32767 };

/** `observe` is told of each webhook that was asked. */
export async function apiCore(options: ApiOptions, observe: ObserveWebhook): Promise<ApiCore> {
  const { store, clock, tokens, random = Math.random, serviceCidr = "10.96.0.0/16" } = options;
  const builtin = [...builtinResources, ...options.optional ?? []];
  const registry = resourceRegistry([
    ...withDeviceRules(withPolicyRules(withDefinitionRules(builtin))),
    ...nodeMetricsRows,
  ]);
  const prefixes = builtin.filter(isStored).map(({ storagePrefix }) => storagePrefix);
  const cache = await WatchCache.open(store, prefixes, (error) => log.warn("the store's watch failed", { error }));
  const connections = new KeptConnections();
  const ranges = serviceRangesOf(serviceCidr);
  const conditionsHold = matchConditionsHold(options.authorize);
  const plugins = admissionPlugins({
    ...{ random, clock, authorize: options.authorize, ...options.admission },
    webhooks: { registry, random, conditionsHold, connections, observe },
    makeNamespace: (namespace) => ensureExists({ operations, registry }, namespace),
  });
  const machinery: Machinery = {
    ...{ store, cache, registry, clock, tokens, random },
    admission: [...accessPlugins(options), ...plugins],
    allocators: allocators(options, { cache, ranges, random }),
    view: clusterView(registry, cache),
    uid: () => crypto.randomUUID(),
  };
  const operations = objectOperations(machinery);
  return { operations, registry, machinery, plugins, ranges, connections };
}

/** What is refused because of who asks. */
function accessPlugins({ access, admission }: ApiOptions): readonly AdmissionPlugin[] {
  if (!access) return [];
  return [...(isOn(nodeRestriction.name, admission) ? [nodeRestriction] : []), roleEscalation(access)];
}

interface Pools {
  readonly cache: WatchCache;
  readonly ranges: readonly IpRange[];
  readonly random: () => number;
}

function allocators({ admission, nodePortRange = usualNodePorts }: ApiOptions, { cache, ranges, random }: Pools) {
  const cidrs = new ServiceRanges(cache.resource("/registry/servicecidrs"));
  return [
    ...(isOn("ResourceQuota", admission) ? [resourceQuota()] : []),
    clusterIps({ ranges: cidrs, families: ranges.map(({ family }) => family), random }),
    nodePorts(cache.resource("/registry/services/specs"), nodePortRange, random),
  ];
}

function isOn(plugin: string, { on }: { readonly on: ReadonlySet<string> } = { on: usualPlugins }): boolean {
  return on.has(plugin);
}

/** Kinds that can only be created are answered, never stored. */
function isStored({ verbs }: Resource): boolean {
  return verbs.includes("list");
}
