/**
 * The API server: a pure `fetch(Request) -> Response` over a store, and the same operations for callers in the process.
 *
 * It is not a server: `serve.ts` puts it on a socket. It knows no certificates and no docker: who asks, whether they may,
 * and how a kubelet is reached are arguments.
 */
import { getLogger } from "@logtape/logtape";
import type { User } from "../auth/user.ts";
import { Revocations } from "./access/revocations.ts";
import { connectAdmission } from "./admission/connect.ts";
import { type Aggregation, aggregation, type AggregationOptions, discovered } from "./aggregation/aggregation.ts";
import { remoteOpenApi } from "./aggregation/remote_openapi.ts";
import type { ApiOptions } from "./api_options.ts";
import { recorded, recorder } from "./audit/mod.ts";
import { apiChecks, troubles } from "./checks.ts";
import type { Connection } from "./connection.ts";
import { type ApiCore, apiCore } from "./core.ts";
import { FlowControl } from "./flow_control/flow_control.ts";
import { seated } from "./flow_control/seated.ts";
import { widths } from "./flow_control/width.ts";
import { apiApp } from "./http/app.ts";
import type { Backends } from "./http/backends.ts";
import { bindingRoute } from "./http/binding_route.ts";
import { Documents } from "./http/documents.ts";
import type { HealthCheck } from "./http/health.ts";
import { openIdDocument } from "./http/openid_document.ts";
import { type ApiMetrics, apiMetrics, exchangeObserver } from "./metrics.ts";
import { nodeMetricsRoutes } from "./node_metrics/node_metrics.ts";
import type { Operations } from "./operations.ts";
import type { ResourceRegistry } from "./resource_registry.ts";
import { componentStatuses } from "./reviews/component_statuses.ts";
import { reviewRoutes } from "./reviews/reviews.ts";
import type { StreamContext } from "./streams/destination.ts";
import { streamRoutes, upgradeStream } from "./streams/stream_routes.ts";
import type { Upgrade } from "./streams/upgrade.ts";
import { upkeep } from "./upkeep.ts";

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

export async function createApi(options: ApiOptions): Promise<Api> {
  const core = await apiCore(options, (outcome) => metrics.webhook(outcome));
  const { registry, operations, machinery: { cache, view } } = core;
  const { store, clock, audit } = options;
  const metrics = apiMetrics({ cache, resources: registry, store, audit: audit?.counts, flow: () => flow });
  const held = new DisposableStack();
  held.use(core.connections);
  const revocations = held.use(new Revocations(cache, clock));
  held.use(await upkeep(core, options));
  const layer = options.aggregation && held.use(await aggregationOver(core, options, options.aggregation));
  const flow = new FlowControl(cache, clock, widths(registry, cache), metrics.flow);
  const record = recorder(audit, () => clock.now());
  const streams: StreamContext = {
    view,
    dialKubelet: options.dialKubelet,
    admitConnect: connectAdmission({ plugins: core.plugins, registry, view }),
    ...{ record, elsewhere: layer?.upgraded },
    whileProven: (user, end) => revocations.bind({}, user).whenLost?.(end),
  };
  const checks = apiChecks(cache, options.encryption);
  const app = httpApp({ core, options, metrics, checks, layer, streams });
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
    ...{ fetch, resources: registry, registry: operations },
    upgrade: (upgrade, connection) => upgradeStream(options, streams, upgrade, connection),
    rawRequest: (user, request) => fetch(request, { user }),
    ready: () => troubles(checks),
    endWatches: () => {
      for (const resource of cache.resources()) resource.closeWatches();
    },
    close: async () => {
      held.dispose();
      await cache.close();
    },
  };
}

/** The servers behind this one. */
function aggregationOver(core: ApiCore, door: ApiOptions, options: AggregationOptions): Promise<Aggregation> {
  const { operations, registry, machinery: { cache, view, clock, random } } = core;
  const log = getLogger(["d8s", "api"]);
  const onTrouble = (error: unknown) => log.warn("an APIService could not be looked after", { error });
  return aggregation({ options, keeper: { operations, registry }, cache, view, door, clock, random, onTrouble });
}

interface AppParts {
  readonly core: ApiCore;
  readonly options: ApiOptions;
  readonly metrics: ApiMetrics;
  readonly checks: readonly HealthCheck[];
  readonly layer?: Aggregation;
  readonly streams: StreamContext;
}

function httpApp({ core, options, metrics, checks, layer, streams }: AppParts) {
  const { operations, registry } = core;
  const apis = layer?.apis;
  const backends: Backends = {
    routes: new Map([
      ...reviewRoutes(options),
      ["/componentstatuses", componentStatuses(checks.find(({ name }) => name === "etcd")!)],
      ["/bindings", { create: bindingRoute }],
      ...nodeMetricsRoutes(streams),
    ]),
    streams: streamRoutes(streams),
  };
  const now = () => options.clock.now();
  const everywhere = discovered(registry, apis);
  const here = {
    get revision() {
      return everywhere.revision;
    },
    all: () => registry.all(),
  };
  return apiApp({
    door: options,
    route: { door: options, registry, operations, backends, now, observe: exchangeObserver(metrics) },
    documents: new Documents(everywhere),
    openApi: new Documents(here),
    remoteOpenApi: remoteOpenApi(apis),
    checks,
    metrics: () => metrics.text(),
    encryption: options.encryption,
    openId: (path) => openIdDocument(path, options.tokens),
  });
}
