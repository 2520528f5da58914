/** What the proxy plans: which endpoints, which rules, which text. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { IEndpoint } from "kubernetes-models/discovery.k8s.io/v1/Endpoint";
import type { IEndpointSlice } from "kubernetes-models/discovery.k8s.io/v1/EndpointSlice";
import type { IService } from "kubernetes-models/v1/Service";
import { restoreText, type Ruleset } from "../../network/iptables/ruleset.ts";
import { chooseEndpoints } from "../../network/proxy/endpoints.ts";
import { proxyRules } from "../../network/proxy/rules.ts";
import { servicePorts } from "../../network/proxy/service_ports.ts";

const place = { nodeName: "here", zone: "z1" };

function slice(endpoints: readonly Partial<IEndpoint>[]): IEndpointSlice {
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: "web-1", namespace: "default", labels: { "kubernetes.io/service-name": "web" } },
    addressType: "IPv4",
    ports: [{ port: 8080, protocol: "TCP", name: "" }],
    endpoints: endpoints.map((endpoint, i) => ({ addresses: [`10.244.0.${i + 1}`], ...endpoint })),
  };
}

function chosen(endpoints: readonly Partial<IEndpoint>[]) {
  const { cluster, local } = chooseEndpoints([slice(endpoints)], { protocol: "TCP" }, place);
  const last = (it: readonly { address: string }[]) => it.map(({ address }) => Number(address.split(".")[3]));
  return { cluster: last(cluster), local: last(local) };
}

const ready = { conditions: { ready: true } };
const leaving = { conditions: { ready: false, serving: true, terminating: true } };
const broken = { conditions: { ready: false, serving: false } };
const inZone = (...zones: string[]) => ({ ...ready, hints: { forZones: zones.map((name) => ({ name })) } });
const onNode = (name: string) => ({ ...ready, hints: { forNodes: [{ name }] } });

Deno.test("ready endpoints are used, terminating ones that still serve only when there is no other", () => {
  assert.deepEqual(chosen([ready, leaving, broken]).cluster, [1]);
  assert.deepEqual(chosen([leaving, broken]).cluster, [1]);
  assert.deepEqual(chosen([broken]).cluster, []);
  assert.deepEqual(chosen([{}]).cluster, [1], "no conditions means ready");
  const local = chosen([{ ...ready, nodeName: "there" }, { ...leaving, nodeName: "here" }]);
  assert.deepEqual(local, { cluster: [1], local: [2] });
});

Deno.test("hints narrow the choice only when every ready endpoint has them and one is meant for us", () => {
  assert.deepEqual(chosen([inZone("z1"), inZone("z2"), inZone("z1", "z2")]).cluster, [1, 3]);
  assert.deepEqual(chosen([inZone("z1"), ready]).cluster, [1, 2]);
  assert.deepEqual(chosen([inZone("z2"), inZone("z3")]).cluster, [1, 2]);
  assert.deepEqual(chosen([onNode("here"), onNode("there")]).cluster, [1]);
  assert.deepEqual(chosen([onNode("there")]).cluster, [1]);
});

const web: IService = {
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "web", namespace: "default" },
  spec: { type: "NodePort", clusterIP: "10.96.0.7", ports: [{ port: 80, nodePort: 30080 }] },
};

const options = { podCidr: "10.244.0.0/16" };

Deno.test("the rules of a Service read as upstream's", () => {
  const { nat } = proxyRules(servicePorts([web], [slice([ready, ready])], place), options);
  const bare = (chain: string) => nat.get(chain)!.map((rule) => rule.replace(/-m comment --comment "[^"]*" /, ""));
  const [toService, toNodePorts] = bare("KUBE-SERVICES");
  const service = /-j (KUBE-SVC-[A-Z2-7]{16})$/.exec(toService!)![1]!;
  assert.equal(toService, `-d 10.96.0.7/32 -p tcp -m tcp --dport 80 -j ${service}`);
  assert.equal(toNodePorts, "-m addrtype --dst-type LOCAL -j KUBE-NODEPORTS");
  const [mark, first, second] = bare(service);
  assert.equal(mark, "! -s 10.244.0.0/16 -d 10.96.0.7/32 -p tcp -m tcp --dport 80 -j KUBE-MARK-MASQ");
  const endpoint = /^-m statistic --mode random --probability 0\.5000000000 -j (KUBE-SEP-\S+)$/.exec(first!)![1]!;
  assert.match(second!, /^-j KUBE-SEP-/);
  assert.deepEqual(bare(endpoint), [
    "-s 10.244.0.1/32 -j KUBE-MARK-MASQ",
    "-p tcp -m tcp -j DNAT --to-destination 10.244.0.1:8080",
  ]);
});

Deno.test("headless Services, ExternalNames and those of other proxies make no rules", () => {
  const others: IService[] = [
    { ...web, spec: { ...web.spec, clusterIP: "None" } },
    { ...web, spec: { type: "ExternalName", externalName: "example.com" } },
    { ...web, metadata: { ...web.metadata, labels: { "service.kubernetes.io/service-proxy-name": "x" } } },
  ];
  assert.deepEqual(servicePorts(others, [slice([ready])], place), []);
});

Deno.test("restore text turns any rules into any others and touches nothing else", () => {
  const chains = fc.dictionary(
    fc.constantFrom("A", "B", "C", "D"),
    fc.array(fc.constantFrom("-j X", "-j Y"), { maxLength: 3 }),
  )
    .map((found) => new Map(Object.entries(found)));
  const rules: fc.Arbitrary<Ruleset> = fc.record({ nat: chains, filter: chains });
  fc.assert(
    fc.property(rules, rules, (from, to) => {
      assert.deepEqual(restored(from, restoreText(from, to)), plain(to));
      assert.equal(restoreText(to, to), "");
    }),
    { seed: 3, numRuns: 500 },
  );
});

type Plain = Record<string, Record<string, string[]>>;

function plain({ nat, filter }: Ruleset): Plain {
  const sorted = (chains: Ruleset["nat"]) => Object.fromEntries([...chains].map(([name, rules]) => [name, [...rules]]));
  return { nat: sorted(nat), filter: sorted(filter) };
}

/** `iptables-restore --noflush`, naively. */
function restored(from: Ruleset, text: string): Plain {
  const state = plain(from);
  let table = "";
  for (const line of text.split("\n")) {
    const [word = "", chain = ""] = line.split(" ");
    if (word.startsWith("*")) table = word.slice(1);
    if (word.startsWith(":")) state[table]![word.slice(1)] = [];
    if (word === "-A") state[table]![chain]!.push(line.split(" ").slice(2).join(" "));
    if (word === "-X") delete state[table]![chain];
  }
  return state;
}
