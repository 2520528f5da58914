import assert from "node:assert/strict";
import type { IEndpointSlice } from "kubernetes-models/discovery.k8s.io/v1/EndpointSlice";
import type { IService } from "kubernetes-models/v1/Service";
import { healthPorts, healthServers } from "../../network/proxy/health_ports.ts";

function balanced(port: number): IService {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "web", namespace: "shop" },
    spec: { type: "LoadBalancer", externalTrafficPolicy: "Local", healthCheckNodePort: port },
  };
}

function slice(endpoints: readonly (readonly [address: string, node: string, ready: boolean])[]): IEndpointSlice {
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: "web-1", namespace: "shop", labels: { "kubernetes.io/service-name": "web" } },
    addressType: "IPv4",
    endpoints: endpoints.map(([address, nodeName, ready]) => ({
      addresses: [address],
      nodeName,
      conditions: { ready },
    })),
  };
}

function freePort(): number {
  using listener = Deno.listen({ port: 0 });
  return listener.addr.port;
}

Deno.test("a load balancer learns from each node how many ready endpoints it has, until the Service goes", async () => {
  await using servers = healthServers();
  const port = freePort();
  const slices = [slice([["10.0.0.1", "here", true], ["10.0.0.2", "here", false], ["10.0.0.3", "there", true]])];
  assert.deepEqual(await servers.serve(healthPorts([balanced(port)], slices, "here")), []);
  const healthy = await fetch(`http://127.0.0.1:${port}/`);
  assert.equal(healthy.status, 200);
  assert.equal(healthy.headers.get("x-load-balancing-endpoint-weight"), "1");
  const service = { namespace: "shop", name: "web" };
  assert.deepEqual(await healthy.json(), { service, localEndpoints: 1, serviceProxyHealthy: true });
  await servers.serve(healthPorts([balanced(port)], [], "here"));
  const empty = await fetch(`http://127.0.0.1:${port}/`);
  assert.equal(empty.status, 503);
  await empty.body?.cancel();
  await servers.serve([]);
  await assert.rejects(fetch(`http://127.0.0.1:${port}/`));
});

Deno.test("a health port that somebody else has is named with the reason, and the others are served", async () => {
  await using servers = healthServers();
  using taken = Deno.listen({ port: 0, hostname: "0.0.0.0" });
  const failed = await servers.serve(healthPorts([balanced(taken.addr.port)], [], "here"));
  assert.deepEqual(failed.map(({ port: { service }, why }) => [service, /in use/i.test(why)]), [["web", true]]);
});
