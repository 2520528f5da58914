/** The proxy's rules in a real kernel, with real packets. */
import assert from "node:assert/strict";
import type { IEndpointSlice } from "kubernetes-models/discovery.k8s.io/v1/EndpointSlice";
import type { IService } from "kubernetes-models/v1/Service";
import type { Run } from "../../network/command.ts";
import { removeRules, ruleWriter } from "../../network/iptables/writer.ts";
import { proxyChains } from "../../network/proxy/chains_owner.ts";
import { proxyRules } from "../../network/proxy/rules.ts";
import { servicePorts } from "../../network/proxy/service_ports.ts";
import { leftFlows, staleFlows } from "../../network/proxy/stale_flows.ts";
import { restoreSysctls, setSysctls } from "../../network/sysctls.ts";
import { type TestHost, testHost } from "../support/host.ts";
import { ensurePackages } from "../support/packages.ts";
import { addPodNamespace, get, inPod, onHost, serveName } from "./traffic.ts";

const podCidr = "10.244.0.0/16";
const [podA, podB] = ["10.244.0.2", "10.244.0.3"];

interface World {
  readonly host: TestHost;
  /** A second machine on the link that isn't part of the cluster. */
  readonly outside: TestHost;
  readonly run: Run;
}

async function world(stack: AsyncDisposableStack): Promise<World> {
  await ensurePackages(["iptables", "conntrack", "iproute2", "curl", "python3-minimal"]);
  const host = stack.use(await testHost());
  const outside = stack.use(await testHost());
  const run: Run = (command, stdin) => host.run(command, { stdin, check: false });
  await setSysctls({
    "net/ipv4/ip_forward": "1",
    "net/bridge/bridge-nf-call-iptables": "1",
    "net/ipv4/conf/all/route_localnet": "1",
  }, { keptIn: `${host.folder}/sysctls.json`, run });
  for (const address of [podA, podB]) {
    await addPodNamespace(host, address, "10.244.0.1");
    await serveName(host, (command) => inPod(address, command), { name: address, port: 8080 });
  }
  return { host, outside, run };
}

function service(name: string, spec: Partial<IService["spec"]>, status?: IService["status"]): IService {
  const ports = [{ port: 80, targetPort: 8080 }];
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace: "default" },
    spec: { type: "ClusterIP", ports, ...spec },
    ...(status ? { status } : {}),
  };
}

function slice(
  name: string,
  endpoints: readonly { address: string; node?: string }[],
  protocol = "TCP",
): IEndpointSlice {
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name, namespace: "default", labels: { "kubernetes.io/service-name": name } },
    addressType: "IPv4",
    ports: [{ port: 8080, protocol: protocol as "TCP" }],
    endpoints: endpoints.map(({ address, node = "here" }) => ({
      addresses: [address],
      nodeName: node,
      conditions: { ready: true },
    })),
  };
}

function ports(services: IService[], slices: IEndpointSlice[]) {
  return servicePorts(services, slices, { nodeName: "here" });
}

const both = [{ address: podA }, { address: podB }];

Deno.test("a Service carries traffic from pods, from the node, from outside and to itself", async (t) => {
  await using stack = new AsyncDisposableStack();
  const { host, outside, run } = await world(stack);
  const writer = ruleWriter(proxyChains, run);
  const web = service("web", {
    type: "NodePort",
    clusterIP: "10.96.0.20",
    externalIPs: ["192.0.2.77"],
    ports: [{ port: 80, nodePort: 30080 }],
  });
  const alone = service("alone", { clusterIP: "10.96.0.21" });
  const empty = service("empty", { type: "NodePort", clusterIP: "10.96.0.22", ports: [{ port: 80, nodePort: 30081 }] });
  const balanced = service("balanced", {
    type: "LoadBalancer",
    clusterIP: "10.96.0.23",
    ports: [{ port: 8888 }],
    allocateLoadBalancerNodePorts: false,
  }, { loadBalancer: { ingress: [{ ip: host.address, ipMode: "VIP" as const }] } });
  const slices = [slice("web", both), slice("alone", [{ address: podA }]), slice("balanced", [{ address: podB }])];
  await writer.write(proxyRules(ports([web, alone, empty, balanced], slices), { podCidr }));

  await t.step("a pod reaches both endpoints and they see its own address", async () => {
    const seen = new Set<string>();
    for (let i = 0; i < 60 && seen.size < 4; i++) {
      seen.add(await get(host, (command) => inPod(podA, command), "http://10.96.0.20/"));
    }
    // To itself it comes back through the node, under the bridge's address.
    assert.deepEqual(seen, new Set([`${podA} 10.244.0.1`, `${podB} ${podA}`]));
  });
  await t.step("a pod reaches itself through its own Service", async () => {
    assert.equal(await get(host, (command) => inPod(podA, command), "http://10.96.0.21/"), `${podA} 10.244.0.1`);
  });
  await t.step("the node reaches the cluster IP and the node port on every address of its own", async () => {
    for (const url of ["10.96.0.20", "127.0.0.1:30080", `${host.address}:30080`, "10.244.0.1:30080", "192.0.2.77"]) {
      assert.match(await get(host, onHost, `http://${url}/`), /^10\.244\.0\.[23] 10\.244\.0\.1$/, url);
    }
  });
  await t.step("a pod reaches the node port", async () => {
    const answer = await get(host, (command) => inPod(podB, command), `http://${host.address}:30080/`);
    assert.match(answer, /^10\.244\.0\.[23] 10\.244\.0\.1$/);
  });
  await t.step("a machine outside reaches the node port", async () => {
    assert.match(await get(outside, onHost, `http://${host.address}:30080/`), /^10\.244\.0\.[23] 10\.244\.0\.1$/);
  });
  await t.step("a load balancer's address may be the node's own, and its other ports stay the node's", async () => {
    const url = `http://${host.address}:8888/`;
    assert.match(await get(outside, onHost, url), new RegExp(`^${podB} `));
    assert.match(await get(host, onHost, url), new RegExp(`^${podB} `));
    assert.match(await get(host, (command) => inPod(podA, command), url), new RegExp(`^${podB} `));
    assert.equal(await get(outside, onHost, `http://${host.address}:8889/`), "curl 7");
  });
  await t.step("a Service without endpoints refuses at once", async () => {
    assert.equal(await get(host, onHost, "http://10.96.0.22/"), "curl 7");
    assert.equal(await get(host, (command) => inPod(podA, command), "http://10.96.0.22/"), "curl 7");
    assert.equal(await get(outside, onHost, `http://${host.address}:30081/`), "curl 7");
  });
  await t.step("a machine outside can't reach the node's loopback", async () => {
    await serveName(host, onHost, { name: "loopback", port: 9000 });
    // As an attacker on the link: 127.0.0.1 routed to the node, with nothing of it at home.
    await outside.run([
      "sh",
      "-ec",
      `echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet
      ip rule add pref 10 lookup 100; ip rule add pref 20 lookup local; ip rule del pref 0
      ip route add 127.0.0.1/32 via ${host.address} src ${outside.address} table 100`,
    ]);
    const attack = () => get(outside, onHost, "http://127.0.0.1:9000/");
    assert.equal(await attack(), "curl 28");
    await host.run(["iptables", "-F", "KUBE-FIREWALL"]);
    assert.equal(await attack(), `loopback ${outside.address}`, "the attack works where the rule is missing");
  });
});

Deno.test("traffic policy Local keeps the client's address and never leaves the node", async (t) => {
  await using stack = new AsyncDisposableStack();
  const { host, outside, run } = await world(stack);
  const writer = ruleWriter(proxyChains, run);
  const local = { externalTrafficPolicy: "Local", type: "LoadBalancer" } as const;
  const status = { loadBalancer: { ingress: [{ ip: "192.0.2.80", ipMode: "VIP" as const }] } };
  const here = service("here", { ...local, clusterIP: "10.96.0.30", ports: [{ port: 80, nodePort: 30090 }] }, status);
  const there = service("there", { ...local, clusterIP: "10.96.0.31", ports: [{ port: 80, nodePort: 30091 }] });
  const guarded = service("guarded", {
    type: "LoadBalancer",
    clusterIP: "10.96.0.33",
    loadBalancerSourceRanges: [`${host.address}/32`, "203.0.113.0/24"],
  }, { loadBalancer: { ingress: [{ ip: "192.0.2.81", ipMode: "VIP" as const }] } });
  const inner = service("inner", { clusterIP: "10.96.0.32", internalTrafficPolicy: "Local" });
  const mixed = [{ address: podA }, { address: podB, node: "elsewhere" }];
  const away = [{ address: podB, node: "elsewhere" }];
  const slices = [slice("here", mixed), slice("there", away), slice("inner", mixed), slice("guarded", mixed)];
  await writer.write(proxyRules(ports([here, there, inner, guarded], slices), { podCidr }));

  await t.step("from outside only this node's endpoint answers, and sees who asks", async () => {
    for (let i = 0; i < 8; i++) {
      assert.equal(await get(outside, onHost, `http://${host.address}:30090/`), `${podA} ${outside.address}`);
    }
  });
  await t.step("a load balancer's address is served as the node port is", async () => {
    await outside.run(["ip", "route", "add", "192.0.2.80/32", "via", host.address]);
    assert.equal(await get(outside, onHost, "http://192.0.2.80/"), `${podA} ${outside.address}`);
  });
  await t.step("a load balancer's address is closed to those outside its source ranges", async () => {
    await outside.run(["ip", "route", "add", "192.0.2.81/32", "via", host.address]);
    assert.equal(await get(outside, onHost, "http://192.0.2.81/"), "curl 28");
    assert.match(await get(host, onHost, "http://192.0.2.81/"), /^10\.244/);
  });
  await t.step("without an endpoint of its own the node is silent to the outside and serves its own", async () => {
    assert.equal(await get(outside, onHost, `http://${host.address}:30091/`), "curl 28");
    assert.equal(await get(host, onHost, "http://127.0.0.1:30091/"), `${podB} 10.244.0.1`);
  });
  await t.step("internalTrafficPolicy Local stays on the node for pods", async () => {
    for (let i = 0; i < 8; i++) {
      assert.equal(await get(host, (command) => inPod(podB, command), "http://10.96.0.32/"), `${podA} ${podB}`);
    }
  });
});

Deno.test("ClientIP affinity keeps a client at one endpoint", async () => {
  await using stack = new AsyncDisposableStack();
  const { host, run } = await world(stack);
  const sticky = service("sticky", { clusterIP: "10.96.0.40", sessionAffinity: "ClientIP" });
  await ruleWriter(proxyChains, run).write(
    proxyRules(ports([sticky], [slice("sticky", both)]), { podCidr }),
  );
  const answers = new Set<string>();
  for (let i = 0; i < 20; i++) answers.add(await get(host, onHost, "http://10.96.0.40/"));
  assert.equal(answers.size, 1, [...answers].join());
});

Deno.test("a UDP client that keeps its port moves when its endpoint goes", async () => {
  await using stack = new AsyncDisposableStack();
  const { host, run } = await world(stack);
  const dns = service("dns", { clusterIP: "10.96.0.50", ports: [{ port: 53, protocol: "UDP" }] });
  const before = ports([dns], [slice("dns", [{ address: podA }], "UDP")]);
  const after = ports([dns], [slice("dns", [{ address: podB }], "UDP")]);
  const writer = ruleWriter(proxyChains, run);
  const ask = async () => {
    const client = `import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("10.244.0.1", 4444)); s.settimeout(3)
s.sendto(b"?", ("10.96.0.50", 53)); print(s.recv(100).decode())`;
    return (await host.run(["python3", "-c", client])).stdout.split(" ")[0];
  };
  await writer.write(proxyRules(before, { podCidr }));
  assert.equal(await ask(), podA);
  await writer.write(proxyRules(after, { podCidr }));
  for (const deletion of staleFlows(before, after)) await run(["conntrack", ...deletion]);
  assert.equal(await ask(), podB);
  // The next process knows no "before": it reads what the kernel remembers.
  await writer.write(proxyRules(before, { podCidr }));
  const left = (await run(["conntrack", "-L", "-p", "udp"])).stdout;
  assert.deepEqual(leftFlows(left, after), []);
  for (const deletion of leftFlows(left, before)) await run(["conntrack", ...deletion]);
  assert.equal(await ask(), podA);
});

Deno.test("rules are written by difference, taken over by the next process, repaired after a flush, and removed", async () => {
  await using stack = new AsyncDisposableStack();
  const { host, run } = await world(stack);
  const own = ["-A INPUT -p tcp -m tcp --dport 1 -j DROP", ":KUBE-ROUTER-INPUT - [0:0]"];
  await host.run(["sh", "-ec", "iptables -A INPUT -p tcp --dport 1 -j DROP; iptables -N KUBE-ROUTER-INPUT"]);
  const inputs: string[] = [];
  const watched: Run = (command, stdin) => {
    if (stdin !== undefined) inputs.push(stdin);
    return run(command, stdin);
  };
  const web = service("web", { clusterIP: "10.96.0.60" });
  const more = service("more", { clusterIP: "10.96.0.61" });
  const slices = [slice("web", both), slice("more", both)];
  const two = proxyRules(ports([web, more], slices), { podCidr });
  const one = proxyRules(ports([web], slices), { podCidr });

  const first = ruleWriter(proxyChains, watched);
  assert.equal(await first.write(two), true);
  assert.equal(await first.write(two), false, "no change, no command");
  assert.equal(await first.write(one), true);
  assert.doesNotMatch(inputs.at(-1)!, /KUBE-MARK-MASQ - /, "what stays is not written again");

  await first.write(two);
  assert.equal(await ruleWriter(proxyChains, watched).write(one), true);
  const rules = (await host.run(["iptables-save"])).stdout;
  assert.doesNotMatch(rules, /10\.96\.0\.61/, "the chains of the process before are gone");
  assert.equal(rules.match(/-A PREROUTING .*KUBE-SERVICES/g)?.length, 1, "one jump, not two");

  const last = ruleWriter(proxyChains, run);
  await last.write(one);
  assert.equal(await last.intact(), true);
  await host.run(["iptables", "-t", "nat", "-F"]);
  assert.equal(await last.intact(), false);
  await last.write(one);
  assert.match(await get(host, onHost, "http://10.96.0.60/"), /^10\.244/);

  await removeRules(proxyChains, run);
  const left = (await host.run(["iptables-save"])).stdout;
  assert.doesNotMatch(left, /KUBE-(?!ROUTER)/);
  for (const line of own) assert.ok(left.includes(line), line);
  await restoreSysctls({ keptIn: `${host.folder}/sysctls.json`, run });
  assert.equal((await host.run(["cat", "/proc/sys/net/ipv4/conf/all/route_localnet"])).stdout.trim(), "0");
});

Deno.test("rules go to the variant of iptables that the machine's other rules are in", async () => {
  await ensurePackages(["iptables"]);
  const web = proxyRules(ports([service("web", { clusterIP: "10.96.0.70" })], [slice("web", both)]), { podCidr });
  for (const [used, other] of [["legacy", "nft"], ["nft", "legacy"]]) {
    await using host = await testHost();
    const run: Run = (command, stdin) => host.run(command, { stdin, check: false });
    await host.run([`iptables-${used}`, "-A", "INPUT", "-p", "tcp", "--dport", "1", "-j", "DROP"]);
    await ruleWriter(proxyChains, run).write(web);
    assert.match((await host.run([`iptables-${used}-save`])).stdout, /KUBE-SERVICES/);
    assert.doesNotMatch((await host.run([`iptables-${other}-save`])).stdout, /KUBE/);
    await removeRules(proxyChains, run);
    assert.doesNotMatch((await host.run([`iptables-${used}-save`])).stdout, /KUBE/);
  }
});
