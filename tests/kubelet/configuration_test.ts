/** What a KubeletConfiguration is taken for. */
import assert from "node:assert/strict";
import { documentOf, kubeletConfiguration } from "../../controllers/kubelet/configuration/configuration.ts";
import { kubeletConfigurationFrom } from "../../controllers/kubelet/configuration/file.ts";
import { nodeAmounts } from "../../controllers/kubelet/node/amounts.ts";

const head = { kind: "KubeletConfiguration", apiVersion: "kubelet.config.k8s.io/v1beta1" };
const read = (fields: object) => kubeletConfiguration({ ...head, ...fields });

/** What kubeadm 1.36 writes, where it says something or names a default by zero. */
const kubeadms = {
  authentication: {
    anonymous: { enabled: false },
    webhook: { cacheTTL: "0s", enabled: true },
    x509: { clientCAFile: "/etc/kubernetes/pki/ca.crt" },
  },
  authorization: { mode: "Webhook", webhook: { cacheAuthorizedTTL: "0s", cacheUnauthorizedTTL: "0s" } },
  cgroupDriver: "systemd",
  clusterDNS: ["10.96.0.10"],
  clusterDomain: "cluster.local",
  containerRuntimeEndpoint: "",
  evictionPressureTransitionPeriod: "0s",
  healthzPort: 10248,
  imageMinimumGCAge: "0s",
  logging: { flushFrequency: 0, options: { json: { infoBufferSize: "0" } }, verbosity: 0 },
  memorySwap: {},
  nodeStatusUpdateFrequency: "0s",
  rotateCertificates: true,
};

Deno.test("the file that kubeadm writes is read: zero means the default, and what nobody honours is named", () => {
  const { configuration, ignored } = read(kubeadms);
  assert.deepEqual(ignored, ["authentication.x509", "cgroupDriver", "healthzPort"]);
  assert.deepEqual(configuration.clusterDNS, ["10.96.0.10"]);
  assert.equal(configuration.nodeStatusUpdateFrequency, "10s");
  assert.equal(configuration.evictionPressureTransitionPeriod, "5m0s");
});

Deno.test("a wrong value is refused with its field, itself and the reason, and so is less security than there is", () => {
  const refusals: [fields: object, message: RegExp][] = [
    [{ maxPods: "many" }, /^maxPods: Invalid value: "many": .*expected number/],
    [{ maxPods: -1 }, /^maxPods: Invalid value: -1: must be 0 or more$/],
    [{ kubeReserved: { cpu: "-1" } }, /^kubeReserved.cpu: Invalid value: "-1": must be a quantity/],
    [{ evictionHard: { "memory.available": "200%" } }, /^evictionHard\[memory.available\]: Invalid value: "200%"/],
    [{ evictionHard: { memory: "1Gi" } }, /^evictionHard: Unsupported value: "memory"/],
    [{ evictionSoft: { "memory.available": "1Gi" } }, /^evictionSoftGracePeriod\[memory.available\]: Required value/],
    [{ containerLogMaxSize: "0" }, /^containerLogMaxSize: Invalid value: "0": must be more than 0$/],
    [{ containerLogMaxSize: "lots" }, /^containerLogMaxSize: Invalid value: "lots": must be a quantity/],
    [{ imageGCLowThresholdPercent: 90 }, /^imageGCLowThresholdPercent: Invalid value: 90: must be less than/],
    [{ nodeStatusUpdateFrequency: "10" }, /^nodeStatusUpdateFrequency: Invalid value: "10": must be a duration/],
    [{ registerWithTaints: [{ key: "a", effect: "No" }] }, /^registerWithTaints\[0\].effect: Invalid value: "No"/],
    [{ readOnlyPort: 10255 }, /^readOnlyPort: Invalid value: 10255: nothing is served without TLS/],
    [{ authentication: { anonymous: { enabled: true } } }, /^authentication.anonymous.enabled: Invalid value: true/],
    [{ authorization: { mode: "AlwaysAllow" } }, /^authorization.mode: Invalid value: "AlwaysAllow"/],
    [{ kind: "Kubelet" }, /^no kind "Kubelet" is registered/],
  ];
  for (const [fields, message] of refusals) assert.throws(() => read(fields), { message });
});

Deno.test("what is in force reads as a file that says the same, with nothing to be told of it", () => {
  const given = { maxPods: 20, evictionHard: { "nodefs.available": "10%" }, imageMaximumGCAge: "90m" };
  const { configuration } = read(given);
  const again = kubeletConfiguration(JSON.parse(JSON.stringify(documentOf(configuration))));
  assert.deepEqual(again, { configuration, ignored: [] });
  assert.equal(documentOf(configuration).imageMaximumGCAge, "1h30m0s");
});

Deno.test("pods may have what is neither reserved nor below the moment of eviction", () => {
  const machine = { cpus: 2, capacity: { cpu: "2", memory: "4194304Ki", "ephemeral-storage": String(100 * 2 ** 30) } };
  const { configuration } = read({
    systemReserved: { cpu: "200m", memory: "200Mi" },
    kubeReserved: { cpu: "100m", "ephemeral-storage": "1Gi" },
    evictionHard: { "memory.available": "100Mi", "nodefs.available": "10%" },
    podsPerCore: 5,
  });
  const { capacity, allocatable } = nodeAmounts(machine, configuration);
  assert.deepEqual(pick(capacity), { cpu: "2", memory: "4194304Ki", disk: 100 * 2 ** 30, pods: "10" });
  assert.deepEqual(pick(allocatable), { cpu: "1700m", memory: "3887104Ki", disk: 89 * 2 ** 30, pods: "10" });
  const greedy = read({ systemReserved: { cpu: "3" } }).configuration;
  assert.throws(() => nodeAmounts(machine, greedy), /Resource "cpu" has a reservation of 3000m but capacity of 2000m/);
});

function pick({ cpu, memory, pods, ...rest }: Readonly<Record<string, string>>) {
  return { cpu, memory, disk: Number(rest["ephemeral-storage"]), pods };
}

Deno.test("a file is refused by its name for what is wrong in it, or what this machine does not have", async () => {
  const path = await Deno.makeTempFile({ suffix: ".yaml" });
  const refused = async (line: string, message: RegExp) => {
    await Deno.writeTextFile(path, `kind: ${head.kind}\napiVersion: ${head.apiVersion}\n${line}\n`);
    await assert.rejects(kubeletConfigurationFrom(path), { message });
  };
  await refused("maxPods: [", new RegExp(`^kubelet configuration ${path}: `));
  await refused("podsPerCore: -1", /: podsPerCore: Invalid value: -1: must be 0 or more$/);
  await refused("kubeReserved: {cpu: 100000}", /: invalid Node Allocatable configuration. Resource "cpu" has a/);
  await Deno.remove(path);
});
