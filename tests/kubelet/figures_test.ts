/** The figures of a node: names, types and labels as they are published, values as docker and the kernel tell them. */
import assert from "node:assert/strict";
import { request } from "node:https";
import { text as textOf } from "node:stream/consumers";
import { ConfigMap, PersistentVolume, PersistentVolumeClaim } from "../../runtime/schema/mod.ts";
import { type AgentHost, agentHost, isReady, makePod, seen } from "./agent_host.ts";

const claimName = "data";

/** A volume of the host's own, bound to its claim as the binder would. */
async function bindClaim({ client, host }: AgentHost): Promise<void> {
  const path = `${host.folder}/data`;
  await Deno.mkdir(path);
  const spec = {
    accessModes: ["ReadWriteOnce" as const],
    resources: { requests: { storage: "1Gi" } },
    storageClassName: "",
    volumeName: "pv",
  };
  const namespace = "default";
  const apiVersion = "v1" as const;
  const ref = { namespace, name: claimName };
  const claim = await client.create(PersistentVolumeClaim, {
    ...{ apiVersion, kind: "PersistentVolumeClaim", metadata: ref, spec },
  });
  const { uid } = claim.metadata;
  await client.create(PersistentVolume, {
    apiVersion,
    kind: "PersistentVolume",
    metadata: { name: "pv" },
    spec: {
      accessModes: ["ReadWriteOnce"],
      capacity: { storage: "1Gi" },
      claimRef: { kind: "PersistentVolumeClaim", uid, ...ref },
      hostPath: { path },
    },
  });
  const body = { status: { phase: "Bound" } };
  await client.patch(PersistentVolumeClaim, ref, { type: "merge", body }, { subresource: "status" });
}

async function makeTalker(node: AgentHost): Promise<void> {
  const { client } = node;
  await bindClaim(node);
  const metadata = { name: "map", namespace: "default" };
  await client.create(ConfigMap, { apiVersion: "v1", kind: "ConfigMap", metadata, data: { key: "value" } });
  const zeros = (size: string, path: string) => `dd if=/dev/zero of=${path} bs=1024 count=${size}`;
  const script = [
    zeros("3000", "/in-layer"),
    zeros("5000", "/scratch/file"),
    zeros("2048", "/memory/file"),
    "for i in $(seq 500); do echo a line of the log, number $i; done",
    "touch /tmp/done; sleep 100000",
  ].join("; ");
  const names = ["scratch", "memory", "map", "disk"];
  await makePod(client, "web", {
    container: {
      command: ["sh", "-c", script],
      readinessProbe: { exec: { command: ["cat", "/tmp/done"] }, periodSeconds: 1 },
      resources: { limits: { cpu: "500m", memory: "64Mi" } },
      volumeMounts: names.map((name) => ({ name, mountPath: `/${name}` })),
    },
    spec: {
      volumes: [
        { name: "scratch", emptyDir: {} },
        { name: "memory", emptyDir: { medium: "Memory", sizeLimit: "10Mi" } },
        { name: "map", configMap: { name: "map" } },
        { name: "disk", persistentVolumeClaim: { claimName } },
      ],
    },
  });
  await seen(client, "web", isReady);
}

/** The node's answer, straight from its port. */
function ask({ host, server: { ca, admin } }: AgentHost, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: host.address, port: 10250, path, ca, ...admin, agent: false }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`${path}: ${response.statusCode}`));
      textOf(response).then(resolve, reject);
    });
    sent.on("error", reject);
    sent.end();
  });
}

interface Line {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Every line must be one of the format; each family has its type once, before its samples. */
function parse(metrics: string): { lines: Line[]; types: Map<string, string> } {
  const types = new Map<string, string>();
  const lines: Line[] = [];
  for (const line of metrics.trimEnd().split("\n")) {
    const [, named, type] = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line) ?? [];
    if (named) assert.ok(!types.has(named), `${named} comes twice`);
    if (named) types.set(named, type!);
    if (line.startsWith("#")) continue;
    const [, name = "", labels = "", value] = /^(\w+)(?:\{(.*)\})? (-?[\d.e+-]+)(?: \d+)?$/.exec(line) ?? [];
    const family = types.get(name) ?? types.get(name.replace(/_(bucket|sum|count)$/, ""));
    assert.ok(family, `a sample without a family: ${line}`);
    const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, word]) => [key, word]);
    lines.push({ name, labels: Object.fromEntries(pairs), value: Number(value) });
  }
  return { lines, types };
}

const container = "container id image name namespace pod";
const resource = "container namespace pod";

/** Type, name and labels. Source: the metrics reference of Kubernetes; cAdvisor's documentation of its metrics. */
const published: Readonly<Record<string, readonly string[]>> = {
  "/metrics/resource": [
    `counter container_cpu_usage_seconds_total ${resource}`,
    `gauge container_memory_working_set_bytes ${resource}`,
    `gauge container_start_time_seconds ${resource}`,
    `gauge container_swap_limit_bytes ${resource}`,
    `gauge container_swap_usage_bytes ${resource}`,
    "counter node_cpu_usage_seconds_total",
    "gauge node_memory_working_set_bytes",
    "gauge node_swap_usage_bytes",
    "counter pod_cpu_usage_seconds_total namespace pod",
    "gauge pod_memory_working_set_bytes namespace pod",
    "gauge pod_swap_usage_bytes namespace pod",
    "gauge resource_scrape_error",
  ],
  "/metrics/probes": [
    "counter prober_probe_total container namespace pod pod_uid probe_type result",
    "histogram prober_probe_duration_seconds container le namespace pod probe_type",
  ],
  "/metrics": [
    "gauge kubelet_active_pods static",
    "gauge kubelet_cgroup_version",
    "gauge kubelet_container_log_filesystem_used_bytes container namespace pod uid",
    "gauge kubelet_desired_pods static",
    "gauge kubelet_managed_ephemeral_containers",
    "gauge kubelet_metrics_provider provider",
    "gauge kubelet_mirror_pods",
    "gauge kubelet_node_name node",
    "gauge kubelet_running_containers container_state",
    "gauge kubelet_running_pods",
    "counter kubelet_runtime_operations_total operation_type",
    "histogram kubelet_runtime_operations_duration_seconds le operation_type",
    "histogram kubelet_pod_worker_duration_seconds le operation_type",
    "counter kubelet_started_pods_total",
    "counter kubelet_started_containers_total container_type",
    ...["available_bytes", "capacity_bytes", "inodes", "inodes_free", "inodes_used", "used_bytes"].map((name) =>
      `gauge kubelet_volume_stats_${name} namespace persistentvolumeclaim`
    ),
    "counter process_cpu_seconds_total",
    "gauge process_open_fds",
    "gauge process_resident_memory_bytes",
    "gauge process_start_time_seconds",
  ],
  "/metrics/cadvisor": [
    "counter container_cpu_cfs_periods_total",
    "counter container_cpu_cfs_throttled_periods_total",
    "counter container_cpu_cfs_throttled_seconds_total",
    "counter container_cpu_system_seconds_total",
    "counter container_cpu_usage_seconds_total cpu",
    "counter container_cpu_user_seconds_total",
    "gauge container_file_descriptors",
    "gauge container_fs_inodes_free device",
    "gauge container_fs_inodes_total device",
    "gauge container_fs_limit_bytes device",
    "gauge container_fs_usage_bytes device",
    "gauge container_last_seen",
    "gauge container_memory_cache",
    "counter container_memory_failcnt",
    "counter container_memory_failures_total failure_type scope",
    "gauge container_memory_mapped_file",
    "gauge container_memory_max_usage_bytes",
    "gauge container_memory_rss",
    "gauge container_memory_swap",
    "gauge container_memory_usage_bytes",
    "gauge container_memory_working_set_bytes",
    ...["bytes", "errors", "packets_dropped", "packets"].flatMap((name) => [
      `counter container_network_receive_${name}_total interface`,
      `counter container_network_transmit_${name}_total interface`,
    ]),
    "counter container_oom_events_total",
    "gauge container_processes",
    "gauge container_sockets",
    "gauge container_spec_cpu_period",
    "gauge container_spec_cpu_quota",
    "gauge container_spec_cpu_shares",
    "gauge container_spec_memory_limit_bytes",
    "gauge container_spec_memory_reservation_limit_bytes",
    "gauge container_spec_memory_swap_limit_bytes",
    "gauge container_start_time_seconds",
    "gauge container_threads",
    "gauge container_threads_max",
    "gauge container_ulimits_soft ulimit",
  ].map((row) => [...row.split(" "), ...container.split(" ")].join(" ")),
};

interface Usage {
  readonly [field: string]: Readonly<Record<string, number | string>>;
}

interface Summary {
  readonly node: Usage & { readonly runtime: Usage };
  readonly pods: readonly (Usage & {
    readonly podRef: { readonly uid: string };
    readonly containers: readonly Usage[];
    readonly volume:
      readonly (Readonly<Record<string, number>> & { readonly name: string; readonly pvcRef?: object })[];
  })[];
}

/** Fields of each part, in `k8s.io/kubelet/pkg/apis/stats/v1alpha1`. */
const fs = "availableBytes capacityBytes inodes inodesFree inodesUsed time usedBytes";
const fields: Readonly<Record<string, string>> = {
  cpu: "time usageCoreNanoSeconds usageNanoCores",
  memory: "availableBytes majorPageFaults pageFaults rssBytes time usageBytes workingSetBytes",
  "ephemeral-storage": fs,
  fs,
  logs: fs.replace(" inodesUsed", ""),
  rootfs: fs.replace(" inodesUsed", ""),
  rlimit: "curproc maxpid time",
  process_stats: "process_count",
};

function assertFields(part: Usage, names: readonly string[]): void {
  for (const name of names) {
    const told = Object.keys(part[name] ?? {}).filter((field) => field !== "psi").sort().join(" ");
    assert.equal(told, fields[name], name);
  }
}

Deno.test("a node's figures have the names, types and labels that are published, and docker's and the kernel's values", async () => {
  await using node = await agentHost();
  const { host } = node;
  const agent = await node.start();
  await makeTalker(node);
  const say = async (...command: string[]) => (await host.run(command)).stdout.trim();
  const id = await say("docker", "ps", "-q", "--no-trunc", "--filter", "name=k8s_main_web");
  const pid = await say("docker", "inspect", "-f", "{{.State.Pid}}", id);
  const told = new Map<string, Line[]>();
  for (const [path, rows] of Object.entries(published)) {
    const { lines, types } = parse(await ask(node, path));
    told.set(path, lines);
    for (const row of rows) {
      const [type, name = "", ...labels] = row.split(" ");
      assert.equal(types.get(name), type, `${path} ${name}`);
      const sample = lines.find((line) => line.name.replace(/_bucket$/, "") === name)!;
      assert.deepEqual(Object.keys(sample.labels).sort(), labels.sort(), `${path} ${name}`);
    }
  }
  const value = (path: string, name: string, labels: Readonly<Record<string, string>> = {}) =>
    told.get(path)!.find((line) =>
      line.name === name && Object.entries(labels).every(([key, word]) => line.labels[key] === word)
    )?.value;

  const main = { container: "main", pod: "web", namespace: "default" };
  const cadvisor = (name: string) => value("/metrics/cadvisor", name, main);
  assert.equal(cadvisor("container_spec_memory_limit_bytes"), 64 << 20);
  assert.equal(cadvisor("container_spec_cpu_quota"), 50_000);
  assert.equal(cadvisor("container_processes"), 1, "the shell has become sleep, or waits for it");
  const descriptors = Number(await say("sh", "-c", `ls /proc/${pid}/fd | wc -l`));
  assert.equal(cadvisor("container_file_descriptors"), descriptors);
  const started = Date.parse(await say("docker", "inspect", "-f", "{{.State.StartedAt}}", id)) / 1000;
  assert.equal(value("/metrics/resource", "container_start_time_seconds", main), started);
  const group = await say("sh", "-c", `sed -n 's/^[0-9]*:memory://p; s/^0:://p' /proc/${pid}/cgroup | head -1`);
  const idOf = told.get("/metrics/cadvisor")!.find(({ labels }) => labels.container === "main")!.labels.id;
  assert.equal(idOf, group);
  const whole = { container: "", pod: "web", namespace: "default" };
  const usage = (labels: object) => value("/metrics/cadvisor", "container_memory_usage_bytes", { ...labels })!;
  assert.ok(usage(whole) >= usage(main), "a pod has a group of its own");
  assert.ok(usage({ id: "/", pod: "" }) > usage(whole));
  assert.equal(value("/metrics", "kubelet_running_pods"), 1);
  assert.equal(value("/metrics", "kubelet_started_containers_total", { container_type: "container" }), 1);
  assert.equal(value("/metrics", "kubelet_runtime_operations_total", { operation_type: "create_container" }), 2);
  assert.equal(value("/metrics", "kubelet_running_containers", { container_state: "running" }), 1);

  const summary = JSON.parse(await ask(node, "/stats/summary")) as Summary;
  const [pod] = summary.pods;
  const [one] = pod!.containers;
  assertFields(summary.node, ["cpu", "memory", "fs", "rlimit"]);
  const { imageFs, containerFs } = summary.node.runtime;
  for (const fs of [imageFs!, containerFs!]) assertFields({ fs }, ["fs"]);
  assertFields(pod!, ["cpu", "ephemeral-storage", "process_stats"]);
  assertFields(one!, ["cpu", "memory", "rootfs", "logs"]);
  const size = Number(await say("docker", "inspect", "--size", "-f", "{{.SizeRw}}", id));
  assert.ok(size >= 3_000 * 1024);
  assert.equal(one!.rootfs!.usedBytes, size);
  const logPath = await say("docker", "inspect", "-f", "{{.LogPath}}", id);
  assert.equal(one!.logs!.usedBytes, Number(await say("stat", "-c", "%s", logPath)));
  const volumes = new Map(pod!.volume.map((volume) => [volume.name, volume]));
  assert.deepEqual([...volumes.keys()].sort(), ["disk", "map", "memory", "scratch"]);
  assert.ok(volumes.get("scratch")!.usedBytes! >= 5_000 * 1024);
  const memory = volumes.get("memory")!;
  assert.deepEqual([memory.capacityBytes, memory.usedBytes], [10 << 20, 2 << 20]);
  assert.deepEqual(volumes.get("disk")!.pvcRef, { name: claimName, namespace: "default" });
  const [blocks, blockSize] = (await say("stat", "-f", "-c", "%b %S", `${host.folder}/data`)).split(" ").map(Number);
  const claim = { namespace: "default", persistentvolumeclaim: claimName };
  assert.equal(value("/metrics", "kubelet_volume_stats_capacity_bytes", claim), blocks! * blockSize!);
  const rest = JSON.parse(await ask(node, "/stats/summary?only_cpu_and_memory=true")) as Summary;
  assert.deepEqual([rest.node.fs, rest.pods[0]!.volume, rest.pods[0]!.containers[0]!.rootfs], [
    undefined,
    undefined,
    undefined,
  ]);
  await agent.kill();
});
