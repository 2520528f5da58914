/** What a pod finds in its files and variables. */
import assert from "node:assert/strict";
import { environment, expand } from "../../controllers/kubelet/container/env.ts";
import { serviceEnv } from "../../controllers/kubelet/container/service_env.ts";
import { resolvConf } from "../../controllers/kubelet/network/name_files.ts";
import { writeFolder } from "../../controllers/kubelet/volumes/atomic_folder.ts";
import { noon, podOf } from "./pods.ts";

const dns = {
  clusterDns: ["10.96.0.10"],
  clusterDomain: "cluster.local",
  hostResolvConf: "nameserver 9.9.9.9\nsearch lan\n",
};

Deno.test("ClusterFirst asks the cluster's DNS and searches the pod's namespace first", () => {
  assert.equal(
    resolvConf(podOf(), dns),
    "nameserver 10.96.0.10\nsearch default.svc.cluster.local svc.cluster.local cluster.local lan\noptions ndots:5\n",
  );
});

Deno.test("Default, host network and None take what they say", () => {
  const host = "nameserver 9.9.9.9\nsearch lan\n";
  assert.equal(resolvConf(podOf({ dnsPolicy: "Default" }), dns), host);
  assert.equal(resolvConf(podOf({ hostNetwork: true }), dns), host);
  assert.match(
    resolvConf(podOf({ hostNetwork: true, dnsPolicy: "ClusterFirstWithHostNet" }), dns),
    /^nameserver 10.96.0.10/,
  );
  const dnsConfig = {
    nameservers: ["1.1.1.1"],
    searches: ["a.b"],
    options: [{ name: "ndots", value: "2" }, { name: "debug" }],
  };
  const none = resolvConf(podOf({ dnsPolicy: "None", dnsConfig }), dns);
  assert.equal(none, "nameserver 1.1.1.1\nsearch a.b\noptions ndots:2 debug\n");
});

Deno.test("$(VAR) is expanded, $$(VAR) and unknown names are not", () => {
  assert.equal(expand("$(A)-$$(A)-$(B)-$A", new Map([["A", "x"]])), "x-$(A)-$(B)-$A");
});

Deno.test("variables come from everywhere, later ones win, and a missing reference says what is missing", () => {
  const facts = {
    pod: podOf(),
    podIps: ["10.1.2.3"],
    hostIps: ["192.0.2.1"],
    nodeAllocatable: { cpu: "4", memory: "8Gi" },
    configMap: (name: string) =>
      name === "m" ? { apiVersion: "v1", kind: "ConfigMap", data: { K: "v", L: "from" } } as const : undefined,
    secret: () => undefined,
    files: new Map(),
    services: { S_HOST: "10.96.0.7" },
  };
  const env = [
    { name: "L", value: "own $(K) $(S_HOST)" },
    { name: "IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
    { name: "CPU", valueFrom: { resourceFieldRef: { resource: "limits.cpu" } } },
  ];
  const found = environment({ name: "c", env, envFrom: [{ configMapRef: { name: "m" } }] }, facts);
  assert.deepEqual(Object.fromEntries(found), {
    S_HOST: "10.96.0.7",
    K: "v",
    L: "own v 10.96.0.7",
    IP: "10.1.2.3",
    CPU: "4",
  });
  const missing = { name: "X", valueFrom: { secretKeyRef: { name: "s", key: "k" } } };
  assert.throws(() => environment({ name: "c", env: [missing] }, facts), { message: 'secret "s" not found' });
});

Deno.test("Services of the namespace are told, the master's always, headless ones never", () => {
  const service = (name: string, namespace: string, clusterIP: string) => ({
    metadata: { name, namespace },
    spec: { clusterIP, ports: [{ port: 80, name: "http" }] },
  });
  const all = [
    service("kubernetes", "default", "10.96.0.1"),
    service("my-db", "a", "10.96.0.9"),
    service("none", "a", "None"),
  ];
  const env = serviceEnv(all, "a", true);
  assert.equal(env.MY_DB_SERVICE_HOST, "10.96.0.9");
  assert.equal(env.MY_DB_PORT_80_TCP, "tcp://10.96.0.9:80");
  assert.equal(env.NONE_SERVICE_HOST, undefined);
  assert.deepEqual(Object.keys(serviceEnv(all, "a", false)).filter((key) => !key.startsWith("KUBERNETES_")), []);
});

const payload = (files: Record<string, string>) =>
  new Map(Object.entries(files).map(([path, text]) => [path, { bytes: new TextEncoder().encode(text), mode: 0o644 }]));

Deno.test("a volume's files change all at once, and those that are gone go", async () => {
  const folder = await Deno.makeTempDir();
  try {
    assert.equal(await writeFolder(folder, payload({ a: "1", "d/b": "2" }), { now: noon }), true);
    assert.equal(await writeFolder(folder, payload({ a: "1", "d/b": "2" }), { now: noon + 1 }), false);
    const before = await Deno.readLink(`${folder}/..data`);
    assert.equal(await writeFolder(folder, payload({ a: "3" }), { now: noon + 2 }), true);
    assert.notEqual(await Deno.readLink(`${folder}/..data`), before);
    assert.equal(await Deno.readTextFile(`${folder}/a`), "3");
    assert.deepEqual(
      (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).filter((name) => !name.startsWith("..")),
      ["a"],
    );
    await assert.rejects(writeFolder(folder, payload({ "../x": "!" }), { now: noon + 3 }), /invalid path/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
