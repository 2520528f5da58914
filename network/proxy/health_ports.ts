/**
 * Health checks of Services with `externalTrafficPolicy: Local`: load balancers ask each node, on the Service's
 * `healthCheckNodePort`, whether it has endpoints of its own, and send nothing to one that has none.
 *
 * Source: Service v1 `healthCheckNodePort`; "Preserving the client source IP".
 */
import type { IEndpointSlice } from "kubernetes-models/discovery.k8s.io/v1/EndpointSlice";
import type { IService } from "kubernetes-models/v1/Service";

export interface HealthPort {
  readonly port: number;
  readonly namespace: string;
  readonly service: string;
  /** Ready endpoints on this node. */
  readonly localEndpoints: number;
}

/** Pure. */
export function healthPorts(
  services: readonly IService[],
  slices: readonly IEndpointSlice[],
  nodeName: string,
): HealthPort[] {
  return services.filter(({ spec }) => spec?.type === "LoadBalancer" && spec.externalTrafficPolicy === "Local")
    .flatMap(({ metadata, spec }) => {
      const { namespace = "", name = "" } = metadata ?? {};
      const port = spec?.healthCheckNodePort;
      if (!port) return [];
      const own = slices.filter(({ metadata }) =>
        metadata?.namespace === namespace && metadata.labels?.["kubernetes.io/service-name"] === name
      );
      return [{ port, namespace, service: name, localEndpoints: readyHere(own, nodeName) }];
    });
}

function readyHere(slices: readonly IEndpointSlice[], nodeName: string): number {
  const here = slices.flatMap(({ endpoints }) => endpoints ?? [])
    .filter((endpoint) => endpoint.nodeName === nodeName && endpoint.conditions?.ready !== false);
  return new Set(here.map(({ addresses }) => addresses[0])).size;
}

interface Listening {
  answer: HealthPort;
  readonly server: Deno.HttpServer;
}

export interface HealthServers extends AsyncDisposable {
  /** Opens what is new, closes what is gone. Returns those whose port cannot be opened, with the reason. */
  serve(ports: readonly HealthPort[]): Promise<{ readonly port: HealthPort; readonly why: string }[]>;
}

export function healthServers(): HealthServers {
  const listening = new Map<number, Listening>();
  const close = async (port: number) => {
    await listening.get(port)?.server.shutdown();
    listening.delete(port);
  };
  return {
    async serve(ports) {
      const wanted = new Set(ports.map(({ port }) => port));
      await Promise.all([...listening.keys()].filter((port) => !wanted.has(port)).map(close));
      return ports.flatMap((port) => {
        const why = open(port, listening);
        return why === undefined ? [] : [{ port, why }];
      });
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...listening.keys()].map(close));
    },
  };
}

function open(answer: HealthPort, listening: Map<number, Listening>): string | undefined {
  const { port } = answer;
  const known = listening.get(port);
  if (known) {
    known.answer = answer;
    return undefined;
  }
  try {
    const server = Deno.serve({ port, hostname: "0.0.0.0", onListen: () => {} }, () => {
      return health(listening.get(port)?.answer ?? answer);
    });
    listening.set(port, { answer, server });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return error.message;
  }
}

function health({ namespace, service, localEndpoints }: HealthPort): Response {
  const body = { service: { namespace, name: service }, localEndpoints, serviceProxyHealthy: true };
  return Response.json(body, {
    status: localEndpoints > 0 ? 200 : 503,
    headers: { "x-content-type-options": "nosniff", "x-load-balancing-endpoint-weight": String(localEndpoints) },
  });
}
