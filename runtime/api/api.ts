/**
 * The API server: a pure `fetch(Request) -> Response` over a store, and the same operations for callers in the process.
 *
 * It is not a server: `serve.ts` puts it on a socket. It knows no certificates and no docker: who asks, whether they may,
 * and how a kubelet is reached are arguments.
 */
import { getLogger } from "@logtape/logtape";
import type { TokenIssuer } from "../auth/service_account_token.ts";
import type { ClusterAccess } from "../auth/cluster_access.ts";
import type { Authenticator, Authorizer, User } from "../auth/user.ts";
import type { Clock } from "../loop/controller.ts";
import { builtinResources, ipText, rangeText, type Resource } from "../schema/mod.ts";
import type { Store } from "../store/store.ts";
import { connectAdmission } from "./admission/connect.ts";
import { ensureDefaultPolicy } from "./access/default_policy.ts";
import { followAccess } from "./access/follow_access.ts";
import { nodeRestriction } from "./access/node_restriction.ts";
import { Revocations } from "./access/revocations.ts";
import { roleEscalation } from "./access/role_escalation.ts";
import { usualPlugins } from "./admission/choice.ts";
import type { AdmissionSettings } from "./admission/configuration.ts";
import { admissionPlugins } from "./admission/plugins.ts";
import { withPolicyRules } from "./admission/policy/compiled.ts";
import { followPolicies } from "./admission/policy/follow_policies.ts";
import { resourceQuota } from "./admission/quota/resource_quota.ts";
import { matchConditionsHold } from "./admission/webhooks/match_conditions.ts";
import type { ObserveWebhook } from "./admission/webhooks/webhook_metrics.ts";
import { type Aggregation, aggregation, type AggregationOptions, discovered } from "./aggregation/aggregation.ts";
import { KeptConnections } from "./aggregation/kept_connections.ts";
import { remoteOpenApi } from "./aggregation/remote_openapi.ts";
import { claimStored } from "./allocators/address_claims.ts";
import { clusterIps } from "./allocators/cluster_ips.ts";
import { nodePorts, type PortRange } from "./allocators/node_ports.ts";
import { ServiceRanges, serviceRangesOf } from "./allocators/service_ranges.ts";
import { type AuditOptions, recorded, recorder } from "./audit/mod.ts";
import { type Advertised, keepKubernetesService } from "./bootstrap/kubernetes_service.ts";
import { ensureExists } from "./bootstrap/ensure.ts";
import { keepDefaultServiceCidr } from "./bootstrap/default_service_cidr.ts";
import { ensureSystemObjects } from "./bootstrap/system_objects.ts";
import { WatchCache } from "./cache/mod.ts";
import { compactionMs, compactionSteps } from "./compaction.ts";
import type { Connection } from "./connection.ts";
import { apiApp } from "./http/app.ts";
import type { Backends } from "./http/backends.ts";
import { Documents } from "./http/documents.ts";
import type { Exchange } from "./http/exchange.ts";
import type { Encryption } from "./http/encryption_answer.ts";
import { bindingRoute } from "./http/binding_route.ts";
import type { HealthCheck } from "./http/health.ts";
import { type ApiMetrics, apiMetrics } from "./metrics.ts";
import { nodeMetricsRoutes } from "./node_metrics/node_metrics.ts";
import { nodeMetricsRows } from "./node_metrics/rows.ts";
import { FlowControl } from "./flow_control/flow_control.ts";
import { keepFlowDefaults } from "./flow_control/keep_defaults.ts";
import { seated } from "./flow_control/seated.ts";
import { widths } from "./flow_control/width.ts";
import { clusterView } from "./cluster_view.ts";
import { type Machinery, timestamp } from "./objects/machinery.ts";
import { objectOperations } from "./objects/object_operations.ts";
import type { Operations } from "./operations.ts";
import { type ResourceRegistry, resourceRegistry } from "./resource_registry.ts";
import { componentStatuses } from "./reviews/component_statuses.ts";
import { reviewRoutes } from "./reviews/reviews.ts";
import { withDefinitionRules } from "./custom_resources/definition_check.ts";
import { followDefinitions } from "./custom_resources/registrar.ts";
import type { DialKubelet } from "./streams/destination.ts";
import { streamRoutes, upgradeStream } from "./streams/stream_routes.ts";
import type { Upgrade } from "./streams/upgrade.ts";

export interface ApiOptions {
  readonly store: Store;
  readonly authenticate: Authenticator;
  readonly authorize: Authorizer;
  /** See `FrontDoor`. */
  readonly anonymous?: (path: string) => boolean;
  /** What `authorize` decides by: kept up to date, with the default roles. Absent: `authorize` needs nothing. */
  readonly access?: ClusterAccess;
  readonly clock: Clock;
  /** Range of the Services' addresses, or one of each family with a comma between; default `10.96.0.0/16`. */
  readonly serviceCidr?: string;
  /** Default 30000-32767. */
  readonly nodePortRange?: PortRange;
  /** The plugins that are on and what they are told; absent: upstream's, with their defaults. */
  readonly admission?: { readonly on: ReadonlySet<string>; readonly settings: AdmissionSettings };
  /** Absent: nothing is written down. */
  readonly audit?: AuditOptions;
  /** What keeps `store` encrypted. */
  readonly encryption?: Encryption;
  /** Absent: the `kubernetes` Service is not kept. */
  readonly advertised?: Advertised;
  /** Absent: APIServices of other servers are stored and not served. */
  readonly aggregation?: AggregationOptions;
  /** Absent: exec, logs and what else goes through a kubelet are refused with a reason. */
  readonly dialKubelet?: DialKubelet;
  /** Absent: ServiceAccount tokens are refused with a reason. */
  readonly tokens?: TokenIssuer;
  /** In [0, 1); default `Math.random`. */
  readonly random?: () => number;
}

export interface Api {
  /** Never throws: whatever goes wrong is a Status. */
  fetch(request: Request, connection?: Connection): Promise<Response>;
  /** Requests with an `Upgrade` header, which have no Response: the connection becomes a tunnel. Never throws. */
  upgrade(upgrade: Upgrade, connection: Connection): Promise<void>;
  /** As `fetch`, for a caller in the process whose identity is known. */
  rawRequest(user: User, request: Request): Promise<Response>;
  /** The rows that are served. */
  readonly resources: ResourceRegistry;
  readonly registry: Operations;
  /** What is not well, one line each; empty: ready. */
  ready(): Promise<string[]>;
  /** Tells every watcher to come again, so that a socket can be closed. */
  endWatches(): void;
  /** Ends every watch. The store stays open: it is its owner's. */
  close(): Promise<void>;
}

const bookmarkMs = 60_000;
const usualNodePorts = { first: 30000, last: 32767 };

export async function createApi(options: ApiOptions): Promise<Api> {
  const log = getLogger(["d8s", "api"]);
  const { store, clock, random = Math.random, serviceCidr = "10.96.0.0/16", nodePortRange = usualNodePorts } = options;
  const ranges = serviceRangesOf(serviceCidr);
  const resources = resourceRegistry([...withPolicyRules(withDefinitionRules(builtinResources)), ...nodeMetricsRows]);
  const prefixes = builtinResources.filter(isStored).map(({ storagePrefix }) => storagePrefix);
  const cache = await WatchCache.open(store, prefixes, (error) => log.warn("the store's watch failed", { error }));
  const services = cache.resource("/registry/services/specs");
  const connections = new KeptConnections();
  const conditionsHold = matchConditionsHold(options.authorize);
  const observe: ObserveWebhook = (outcome) => metrics.webhook(outcome);
  const webhooks = { registry: resources, random, conditionsHold, connections, observe };
  const { on = usualPlugins, settings } = options.admission ?? {};
  const chosen = admissionPlugins({
    ...{ random, authorize: options.authorize, webhooks, clock, on, settings },
    makeNamespace: (namespace) => ensureExists(keeper, namespace),
  });
  const nodes = on.has(nodeRestriction.name) ? [nodeRestriction] : [];
  const admission = options.access ? [...nodes, roleEscalation(options.access), ...chosen] : chosen;
  const view = clusterView(resources, cache);
  const machinery: Machinery = {
    store,
    cache,
    registry: resources,
    clock,
    admission,
    allocators: [
      ...(on.has("ResourceQuota") ? [resourceQuota()] : []),
      clusterIps({
        ranges: new ServiceRanges(cache.resource("/registry/servicecidrs")),
        families: ranges.map(({ family }) => family),
        random,
      }),
      nodePorts(services, nodePortRange, random),
    ],
    view,
    tokens: options.tokens,
    random,
    uid: () => crypto.randomUUID(),
  };
  const registry = objectOperations(machinery);
  const checks = healthChecks(cache, options.encryption);
  const admitConnect = connectAdmission({ plugins: admission, registry: resources, view });
  const streams = { view, dialKubelet: options.dialKubelet, admitConnect };
  const backends: Backends = {
    routes: new Map([
      ...reviewRoutes(options),
      ["/componentstatuses", componentStatuses(checks.find(({ name }) => name === "etcd")!)],
      ["/bindings", { create: bindingRoute }],
      ...nodeMetricsRoutes(streams),
    ]),
    streams: streamRoutes(streams),
  };
  const metrics = apiMetrics({ cache, resources, store, audit: options.audit?.counts, flow: () => flow });
  let layer: Aggregation | undefined;
  const remoteApis = () => layer?.apis;
  const app = apiApp({
    door: options,
    route: {
      door: options,
      registry: resources,
      operations: registry,
      backends,
      now: () => clock.now(),
      observe: observer(metrics),
    },
    documents: new Documents(discovered(resources, remoteApis)),
    openApi: new Documents({
      get revision() {
        return resources.revision + (remoteApis()?.revision ?? 0);
      },
      all: () => resources.all(),
    }),
    remoteOpenApi: remoteOpenApi(remoteApis),
    checks,
    metrics: () => metrics.text(),
    encryption: options.encryption,
    openId: (path) => openIdDocument(path, options.tokens),
  });
  const held = new DisposableStack();
  held.use(connections);
  held.use(every(clock, bookmarkMs, () => cache.bookmark()));
  const revocations = held.use(new Revocations(cache, clock));
  const compact = compactionSteps(store, cache, (error) => log.warn("the store could not be compacted", { error }));
  held.use(every(clock, compactionMs, compact));
  const onTrouble = (error: unknown) => log.warn("a definition could not be served", { error });
  const now = () => clock.now();
  held.use(followDefinitions({ cache, registry: resources, operations: registry, now, onTrouble }));
  held.use(followPolicies({ cache, registry: resources, operations: registry, onTrouble }));
  const keeper = { operations: registry, registry: resources };
  await ensureSystemObjects(keeper, timestamp(clock.now()).slice(0, 10));
  held.use(
    await keepDefaultServiceCidr({
      keeper,
      cache,
      cidrs: ranges.map(rangeText),
      now: () => timestamp(clock.now()),
      onTrouble: (error) => log.warn("the default ServiceCIDR could not be kept", { error }),
    }),
  );
  await claimStored(machinery);
  if (options.access) {
    held.use(followAccess(cache, options.access));
    await ensureDefaultPolicy(keeper);
  }
  held.use(
    await keepFlowDefaults({
      keeper,
      cache,
      now: () => timestamp(clock.now()),
      onTrouble: (error) => log.warn("the defaults of flow control could not be kept", { error }),
    }),
  );
  if (options.aggregation) {
    const onTrouble = (error: unknown) => log.warn("an APIService could not be looked after", { error });
    layer = await aggregation({
      options: options.aggregation,
      keeper,
      cache,
      view,
      door: options,
      clock,
      random,
      onTrouble,
    });
    held.use(layer);
  }
  if (options.advertised) {
    held.use(
      await keepKubernetesService({
        keeper,
        cache,
        clusterIp: ipText({ family: ranges[0]!.family, number: ranges[0]!.first + 1n }),
        advertised: options.advertised,
        onTrouble: (error) => log.warn("the kubernetes Service could not be kept", { error }),
      }),
    );
  }
  const flow = new FlowControl(cache, clock, widths(resources, cache), metrics.flow);
  const record = recorder(options.audit, now);
  const fetch = async (request: Request, comes: Connection = {}) => {
    const leave = metrics.enter(request.method);
    const identifying = { door: options, record, connection: comes, asking: request };
    try {
      return await recorded(identifying, (user, own) => {
        const connection = revocations.bind(own, user);
        const answer = () => layer?.answer(request, connection, user) ?? app.fetch(request, { connection, user });
        return seated(flow, { request, connection, user }, answer);
      });
    } finally {
      leave();
    }
  };
  return {
    fetch,
    upgrade: (upgrade, connection) => {
      const whileProven = (user: User, end: () => void) => revocations.bind({}, user).whenLost?.(end);
      return upgradeStream(
        options,
        { ...streams, record, elsewhere: layer?.upgraded, whileProven },
        upgrade,
        connection,
      );
    },
    rawRequest: (user, request) => fetch(request, { user }),
    resources,
    registry,
    ready: async () => {
      const found = await Promise.all(checks.map(async ({ name, check }) => [name, await check()] as const));
      return found.filter(([, trouble]) => trouble !== undefined).map(([name, trouble]) => `${name}: ${trouble}`);
    },
    endWatches: () => {
      for (const resource of cache.resources()) resource.closeWatches();
    },
    close: async () => {
      held.dispose();
      await cache.close();
    },
  };
}

/** Kinds that can only be created are answered, never stored. */
function isStored({ verbs }: Resource): boolean {
  return verbs.includes("list");
}

function healthChecks(cache: WatchCache, encryption?: Encryption): HealthCheck[] {
  const store = async () => {
    await cache.fresh();
    return undefined;
  };
  return [
    { name: "ping", check: () => undefined },
    { name: "log", check: () => undefined },
    { name: "etcd", check: store, unlessLive: true },
    { name: "informer-sync", check: store, unlessLive: true },
    ...(encryption ? [{ name: "kms-providers", check: () => encryption.trouble(), unlessLive: true }] : []),
  ];
}

const scopes = { name: "resource", namespace: "namespace", all: "cluster" } as const;

function observer(metrics: ApiMetrics) {
  return ({ verb, path, resource }: Exchange, code: number, seconds: number) => {
    const { group, version, plural, subresource, name, namespace } = path;
    const scope = name ? scopes.name : namespace && resource.namespaced ? scopes.namespace : scopes.all;
    const labels = { verb: verb.toUpperCase(), group, version, resource: plural, subresource, scope };
    metrics.request(labels, code, verb === "watch" ? undefined : seconds);
  };
}

async function openIdDocument(path: string, tokens: TokenIssuer | undefined): Promise<object | undefined> {
  if (!tokens) return undefined;
  if (path === "/openid/v1/jwks") return await tokens.keySet();
  return {
    issuer: tokens.issuer,
    jwks_uri: `${tokens.issuer}/openid/v1/jwks`,
    response_types_supported: ["id_token"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["ES256"],
  };
}

function every(clock: Clock, ms: number, callback: () => void): Disposable {
  let timer: Disposable;
  const again = () => {
    timer = clock.after(ms, () => {
      callback();
      again();
    });
  };
  again();
  return { [Symbol.dispose]: () => timer[Symbol.dispose]() };
}
