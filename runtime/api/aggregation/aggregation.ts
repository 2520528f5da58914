/** The aggregation layer, put together: which paths go elsewhere, how they get there, and what is heard from there. */
import type { Clock } from "../../loop/controller.ts";
import type { KubeObject, Resource } from "../../schema/mod.ts";
import type { ClusterView } from "../admission/admission.ts";
import { ensureMatches, type Keeper } from "../bootstrap/ensure.ts";
import type { WatchCache } from "../cache/mod.ts";
import type { ResourceRegistry } from "../resource_registry.ts";
import type { FrontDoor } from "../http/front_door.ts";
import { keepApiServices } from "./api_service_loop.ts";
import type { FrontProxy } from "./destination.ts";
import { keepLocalApiServices } from "./local_api_services.ts";
import { aggregationProxy, type Proxy } from "./proxy.ts";
import { RemoteApis } from "./remote_apis.ts";

/** What makes this API server a front for others. PEM. */
export interface AggregationOptions {
  /** Shown to the servers behind. */
  readonly frontProxy: FrontProxy;
  /** By which these servers know us. */
  readonly frontProxyCa: string;
  /** By which they know clients that come to them directly. */
  readonly clientCa: string;
}

export interface Aggregation extends Proxy, Disposable {
  readonly apis: RemoteApis;
}

export interface AggregationParts {
  readonly options: AggregationOptions;
  readonly keeper: Keeper;
  readonly cache: WatchCache;
  readonly view: ClusterView;
  readonly door: FrontDoor;
  readonly clock: Clock;
  readonly random: () => number;
  readonly onTrouble: (error: unknown) => void;
}

export async function aggregation(parts: AggregationParts): Promise<Aggregation> {
  const { options, keeper, cache, view, door, clock, random, onTrouble } = parts;
  const { operations, registry } = keeper;
  await ensureMatches(keeper, authenticationConfig(options));
  const stack = new DisposableStack();
  const apis = stack.use(new RemoteApis(cache));
  const reach = { view, frontProxy: options.frontProxy, random };
  stack.use(keepApiServices({ apis, reach, cache, operations, registry, clock, onTrouble }));
  stack.use(await keepLocalApiServices({ keeper, onTrouble }));
  return { ...aggregationProxy(apis, door, reach), apis, [Symbol.dispose]: () => stack.dispose() };
}

/** Where the servers behind learn whom to believe, as kube-apiserver writes it. */
function authenticationConfig({ clientCa, frontProxyCa }: AggregationOptions): KubeObject {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "extension-apiserver-authentication", namespace: "kube-system" },
    data: {
      "client-ca-file": clientCa,
      "requestheader-allowed-names": '["front-proxy-client"]',
      "requestheader-client-ca-file": frontProxyCa,
      "requestheader-extra-headers-prefix": '["X-Remote-Extra-"]',
      "requestheader-group-headers": '["X-Remote-Group"]',
      "requestheader-uid-headers": '["X-Remote-Uid"]',
      "requestheader-username-headers": '["X-Remote-User"]',
    },
  };
}

/** What discovery tells of: our own rows, and what others serve. Its revision grows with either. */
export function discovered(registry: ResourceRegistry, apis?: RemoteApis) {
  return {
    get revision() {
      return registry.revision + (apis?.revision ?? 0);
    },
    all: (): readonly Resource[] => {
      const more = apis?.rows() ?? [];
      return more.length > 0 ? [...registry.all(), ...more] : registry.all();
    },
  };
}
