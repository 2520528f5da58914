import { strict as assert } from "node:assert";
import { clusterIpRepair, ipAddressRepair, serviceCidrs } from "../../controllers/mod.ts";
import { claimFinding, portFindings } from "../../controllers/service_repair/plan.ts";
import { Event, IPAddress, Service, ServiceCIDR } from "../../runtime/schema/mod.ts";
import { testCluster } from "./cluster.ts";
import { fastClock } from "./crash/fast_clock.ts";

const web = (spec: object = {}) => ({
  apiVersion: "v1" as const,
  kind: "Service" as const,
  metadata: { name: "web", namespace: "default" },
  spec: { ports: [{ port: 80 }], ...spec },
});

Deno.test("an address that lost its IPAddress gets it again, and an Event says so", async () => {
  await using cluster = await testCluster();
  const { spec } = await cluster.client.create(Service, web());
  const name = spec!.clusterIP!;
  cluster.run([clusterIpRepair]);
  await cluster.client.delete(IPAddress, { name });
  const again = await cluster.until(IPAddress, { name }, (claim) => claim !== undefined);
  assert.deepEqual(again!.spec?.parentRef, { resource: "services", namespace: "default", name: "web" });
  const { items } = await cluster.client.list(Event, { namespace: "default" });
  assert.deepEqual(items.map(({ reason, message }) => [reason, message]), [
    ["ClusterIPNotAllocated", `Cluster IP [IPv4]:${name} is not allocated; repairing`],
  ]);
});

Deno.test("an IPAddress without its Service is leaked, one of another Service is wrong, one that is held is neither", () => {
  const claim = {
    metadata: { name: "10.96.0.9", uid: "1", resourceVersion: "1" },
    spec: { parentRef: { resource: "services", namespace: "default", name: "web" } },
  } as unknown as Parameters<typeof claimFinding>[0];
  const service = (clusterIP: string) => web({ clusterIP }) as unknown as Parameters<typeof claimFinding>[1];
  assert.equal(claimFinding(claim, undefined)?.reason, "IPAddressNotAllocated");
  assert.equal(claimFinding(claim, service("10.96.0.8"))?.reason, "IPAddressWrongReference");
  assert.equal(claimFinding(claim, service("10.96.0.9")), undefined);
});

Deno.test("a port outside of the range or of two Services is told", () => {
  const service = web({ type: "NodePort", ports: [{ port: 1, nodePort: 80 }, { port: 2, nodePort: 30001 }] });
  const findings = portFindings(service as unknown as Parameters<typeof portFindings>[0], {
    first: 30000,
    last: 32767,
    isTaken: (port) => port === 30001,
  });
  assert.deepEqual(findings.map(({ message }) => message), [
    "Port 80 is not within the port range 30000-32767; please recreate service",
    "Port 30001 was assigned to multiple services; please recreate service",
  ]);
});

Deno.test("a second ServiceCIDR gives addresses, and waits with going until none is left", async () => {
  await using cluster = await testCluster();
  cluster.run([serviceCidrs, ipAddressRepair], cluster.client, fastClock(50));
  const isReady = (status: string) => (cidr: { status?: { conditions?: { status: string }[] } } | undefined) =>
    cidr?.status?.conditions?.[0]?.status === status;
  const refused = () => cluster.client.create(Service, web({ clusterIP: "10.97.0.5" }));
  await assert.rejects(refused, /not in the valid range. The range of valid IPs is 10.96.0.0\/16$/);
  const cidr = { apiVersion: "networking.k8s.io/v1", kind: "ServiceCIDR", metadata: { name: "more" } } as const;
  await cluster.client.create(ServiceCIDR, { ...cidr, spec: { cidrs: ["10.97.0.0/24"] } });
  await cluster.until(ServiceCIDR, { name: "more" }, isReady("True"));
  await cluster.client.create(Service, web({ clusterIP: "10.97.0.5" }));
  await cluster.client.delete(ServiceCIDR, { name: "more" });
  const waiting = await cluster.until(ServiceCIDR, { name: "more" }, isReady("False"));
  assert.equal(waiting?.status?.conditions?.[0]?.reason, "Terminating");
  const late = cluster.client.create(Service, {
    ...web({ clusterIP: "10.97.0.6" }),
    metadata: { name: "late", namespace: "default" },
  });
  await assert.rejects(late, /not in the valid range/);
  await cluster.client.delete(Service, { namespace: "default", name: "web" });
  await cluster.until(ServiceCIDR, { name: "more" }, (cidr) => cidr === undefined);
});
