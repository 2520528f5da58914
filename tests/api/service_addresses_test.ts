import { strict as assert } from "node:assert";
import fc from "fast-check";
import { offsets } from "../../runtime/api/allocators/service_ranges.ts";
import { readIpRange } from "../../runtime/schema/mod.ts";
import { type Api, createApi } from "../../runtime/api/mod.ts";
import { systemClock } from "../../runtime/loop/mod.ts";
import { admin, type ApiWorld, apiWorld } from "./api_world.ts";

const services = "/api/v1/namespaces/default/services";
const addresses = "/apis/networking.k8s.io/v1/ipaddresses";
const dual = { serviceCidr: "10.96.0.0/24,fd00:10:96::/112" };

function service(name: string, spec: object = {}) {
  return { metadata: { name }, spec: { ports: [{ port: 80 }], selector: { app: name }, ...spec } };
}

async function namesOfAddresses(world: ApiWorld): Promise<string[]> {
  const { body } = await world.call("GET", addresses);
  return body.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name);
}

Deno.test("every cluster IP has an IPAddress of its Service, which goes with it", async () => {
  await using world = await apiWorld();
  const { body } = await world.call("POST", services, service("web"));
  const { clusterIP } = body.spec;
  const claim = await world.call("GET", `${addresses}/${clusterIP}`);
  assert.deepEqual(claim.body.spec, { parentRef: { resource: "services", namespace: "default", name: "web" } });
  assert.deepEqual(claim.body.metadata.labels, {
    "ipaddress.kubernetes.io/ip-family": "IPv4",
    "ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io",
  });
  await world.call("POST", `${services}?dryRun=All`, service("dry"));
  await world.call("DELETE", `${services}/web`);
  assert.deepEqual(await namesOfAddresses(world), []);
});

Deno.test("a Service that is refused leaves no address behind, and one without IPAddress gets it at the next start", async () => {
  await using world = await apiWorld();
  const { body } = await world.call("POST", services, service("web"));
  const refused = [
    service("web", {}),
    service("other", { type: "NodePort", ports: [{ port: 80, nodePort: 1 }] }),
    service("other", { ipFamilyPolicy: "RequireDualStack" }),
  ];
  for (const one of refused) assert.ok((await world.call("POST", services, one)).status >= 400);
  assert.deepEqual(await namesOfAddresses(world), [body.spec.clusterIP]);
  await world.call("DELETE", `${addresses}/${body.spec.clusterIP}`);
  await world.restart();
  assert.deepEqual(await namesOfAddresses(world), [body.spec.clusterIP]);
});

Deno.test("what died between claim and write is finished by whoever writes that Service again, and by no other", async () => {
  await using world = await apiWorld();
  const parentRef = { resource: "services", namespace: "default", name: "web" };
  await world.call("POST", addresses, { metadata: { name: "10.96.0.7" }, spec: { parentRef } });
  const other = await world.call("POST", services, service("other", { clusterIP: "10.96.0.7" }));
  assert.match(other.body.message, /failed to allocate IP 10.96.0.7: provided IP is already allocated$/);
  const own = await world.call("POST", services, service("web", { clusterIP: "10.96.0.7" }));
  assert.equal(own.status, 201);
});

Deno.test("a Service of two families has an address of each, and may lose and regain the second", async () => {
  await using world = await apiWorld(dual);
  const made = await world.call("POST", services, service("web", { ipFamilyPolicy: "PreferDualStack" }));
  const { clusterIPs, ipFamilies, clusterIP } = made.body.spec;
  assert.deepEqual(ipFamilies, ["IPv4", "IPv6"]);
  assert.equal(clusterIP, clusterIPs[0]);
  assert.match(clusterIPs[1], /^fd00:10:96::/);
  assert.deepEqual((await namesOfAddresses(world)).sort(), [...clusterIPs].sort());
  const single = await world.call("PUT", `${services}/web`, {
    ...made.body,
    spec: { ...made.body.spec, ipFamilyPolicy: "SingleStack" },
  });
  assert.deepEqual(single.body.spec.clusterIPs, [clusterIP]);
  assert.deepEqual(await namesOfAddresses(world), [clusterIP]);
  const again = { spec: { ipFamilyPolicy: "RequireDualStack" } };
  const type = { "content-type": "application/merge-patch+json" };
  const both = await world.call("PATCH", `${services}/web`, again, type);
  assert.deepEqual(both.body.spec.ipFamilies, ["IPv4", "IPv6"]);
  assert.equal((await namesOfAddresses(world)).length, 2);
});

Deno.test("families are as asked for, and what contradicts itself is refused in upstream's words", async () => {
  await using world = await apiWorld(dual);
  const six = await world.call("POST", services, service("six", { ipFamilies: ["IPv6"] }));
  assert.deepEqual([six.body.spec.ipFamilyPolicy, six.body.spec.clusterIPs.length], ["SingleStack", 1]);
  const refusals: [object, RegExp][] = [
    [{ ipFamilies: ["IPv4", "IPv4"] }, /spec.ipFamilies\[1\]: Duplicate value: "IPv4"/],
    [
      { ipFamilies: ["IPv6"], clusterIP: "10.96.0.9" },
      /spec.clusterIPs\[0\]: Invalid value: "10.96.0.9": expected an IPv6/,
    ],
    [
      { ipFamilyPolicy: "SingleStack", ipFamilies: ["IPv4", "IPv6"] },
      /spec.ipFamilyPolicy: Invalid value: "SingleStack": must be 'RequireDualStack' or 'PreferDualStack' when multiple/,
    ],
    [{ clusterIP: "10.96.0.9", clusterIPs: ["10.96.0.8"] }, /first value must match `clusterIP`/],
    [{ clusterIPs: ["10.96.0.9", "10.96.0.8"], clusterIP: "10.96.0.9" }, /no more than one IP for each IP family/],
  ];
  for (const [spec, why] of refusals) {
    assert.match((await world.call("POST", services, service("bad", spec))).body.message, why);
  }
  const moved = { spec: { ipFamilies: ["IPv4"] } };
  const type = { "content-type": "application/merge-patch+json" };
  const kept = await world.call("PATCH", `${services}/six`, moved, type);
  assert.match(kept.body.message, /spec.clusterIPs\[0\]: Invalid value: ".*": expected an IPv4 value as indicated by/);
});

Deno.test("a health check port comes and goes with local traffic from outside", async () => {
  await using world = await apiWorld();
  const local = { type: "LoadBalancer", externalTrafficPolicy: "Local" };
  const { body } = await world.call("POST", services, service("web", local));
  const port = body.spec.healthCheckNodePort;
  assert.ok(port >= 30000 && port <= 32767);
  const other = await world.call("POST", services, service("other", { ...local, healthCheckNodePort: port }));
  assert.match(other.body.message, /spec.healthCheckNodePort: Invalid value: \d+: provided port is already allocated$/);
  const type = { "content-type": "application/merge-patch+json" };
  const fixed = await world.call("PATCH", `${services}/web`, { spec: { healthCheckNodePort: port + 1 } }, type);
  assert.match(fixed.body.message, /spec.healthCheckNodePort: Invalid value: \d+: field is immutable/);
  const open = await world.call("PATCH", `${services}/web`, { spec: { externalTrafficPolicy: "Cluster" } }, type);
  assert.equal(open.body.spec.healthCheckNodePort, undefined);
  const next = await world.call("POST", services, service("other", { ...local, healthCheckNodePort: port }));
  assert.equal(next.status, 201);
});

Deno.test("an API server that nobody else can reach has its Service all the same, without endpoints", async () => {
  await using world = await apiWorld();
  const { store } = world;
  const authorize = () => Promise.resolve({ allowed: true, reason: "" });
  const options = { store, clock: systemClock, authenticate: () => Promise.resolve(admin), authorize };
  const api = await createApi({ ...options, advertised: { address: "127.0.0.1", port: 6443 } });
  assert.equal((await world.call("GET", `${services}/kubernetes`)).body.spec.clusterIP, "10.96.0.1");
  assert.equal((await world.call("GET", "/api/v1/namespaces/default/endpoints/kubernetes")).status, 404);
  await api.close();
});

Deno.test("two API servers on one store never give one address or port twice", async () => {
  await using world = await apiWorld();
  const { store } = world;
  const authorize = () => Promise.resolve({ allowed: true, reason: "" });
  const options = { clock: systemClock, authenticate: () => Promise.resolve(admin), authorize, random: () => 0.5 };
  const other = await createApi({ store, ...options });
  const headers = { "content-type": "application/json" };
  const post = async (api: Api, name: string, spec: object) => {
    const body = JSON.stringify(service(name, { type: "NodePort", ...spec }));
    const answer = await api.fetch(new Request(`https://api${services}`, { method: "POST", body, headers }));
    return { status: answer.status, body: await answer.json() };
  };
  const both = (name: string, spec: object) =>
    Promise.all([world.api, other].map((api, i) => post(api, `${name}-${i}`, spec)));
  const made = (await Promise.all(Array.from({ length: 10 }, (_, i) => both(`any-${i}`, {})))).flat();
  assert.equal(new Set(made.map(({ body }) => body.spec.clusterIP)).size, 20);
  assert.equal(new Set(made.map(({ body }) => body.spec.ports[0].nodePort)).size, 20);
  for (const spec of [{ clusterIP: "10.96.0.99" }, { ports: [{ port: 80, nodePort: 30011 }] }]) {
    const statuses = (await both(Object.keys(spec)[0]!.toLowerCase(), spec)).map(({ status }) => status);
    assert.deepEqual(statuses.sort(), [201, 422]);
  }
  await other.close();
});

Deno.test("every usable address of a range is offered once, those for hands last", () => {
  const cidrs = fc.constantFrom("10.0.0.0/30", "10.0.0.0/28", "10.0.0.0/24", "fd00::/124", "fd00::/126");
  fc.assert(fc.property(cidrs, fc.double({ min: 0, max: 0.999, noNaN: true }), (cidr, random) => {
    const range = readIpRange(cidr)!;
    const all = [...offsets(range, () => random)];
    const last = range.family === "IPv4" ? range.size - 2n : range.size - 1n;
    assert.deepEqual(
      [...all].sort((a, b) => Number(a - b)),
      Array.from({ length: Number(last) }, (_, i) => BigInt(i + 1)),
    );
    assert.ok(all.at(-1)! <= all[0]! || last < 3n);
  }));
});
