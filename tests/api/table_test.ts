import assert from "node:assert/strict";
import { humanDuration, tableOf } from "../../runtime/api/table/mod.ts";
import { builtinResources, type Json, type KubeObject, type Resource } from "../../runtime/schema/mod.ts";
import { deployment } from "./patch_sample_types.ts";

const nowMs = Date.parse("2026-01-10T12:00:00Z");
const ago = (seconds: number) => new Date(nowMs - seconds * 1000).toISOString().replace(".000", "");

function row(plural: string, group = "", more: Partial<Resource> = {}): Resource {
  return {
    ...{ group, version: "v1", kind: "X", listKind: "XList", plural, singular: plural, namespaced: true, verbs: [] },
    ...{ shortNames: [], categories: [], subresources: [], type: deployment, hasStatus: true },
    ...{ storagePrefix: "/registry/x", storageVersion: "v1", selectableFields: new Map(), ...more },
  };
}

interface Table {
  columnDefinitions: { name: string; priority: number }[];
  rows: { cells: Json[]; object: Json; conditions?: Json[] }[];
}

/** What `kubectl get -o wide` would print, as one object. */
function printed(resource: Resource, object: KubeObject): Record<string, Json> {
  const table = tableOf(resource, [object], { nowMs }) as unknown as Table;
  assert.equal(table.rows[0]?.cells.length, table.columnDefinitions.length);
  return Object.fromEntries(table.columnDefinitions.map(({ name }, index) => [name, table.rows[0]!.cells[index]!]));
}

const metadata = { name: "x", namespace: "default", creationTimestamp: ago(3 * 86400 + 5 * 3600) };
const container = (name: string, more: Record<string, unknown> = {}) => ({
  name,
  restartCount: 0,
  ready: true,
  ...more,
});
const running = { running: { startedAt: ago(60) } };
const waiting = (reason: string) => ({ waiting: { reason } });
const ended = (exitCode: number, more: Record<string, unknown> = {}) => ({ terminated: { exitCode, ...more } });

Deno.test("durations read as kubectl's do", () => {
  const expected: [number, string][] = [
    ...[[-5, "<invalid>"], [-1, "0s"], [0, "0s"], [119, "119s"], [120, "2m"], [303, "5m3s"]] as [number, string][],
    ...[[600, "10m"], [10799, "179m"], [10800, "3h"], [11400, "3h10m"], [28800, "8h"]] as [number, string][],
    ...[[172799, "47h"], [172800, "2d"], [183600, "2d3h"], [691200, "8d"]] as [number, string][],
    ...[[2 * 365 * 86400, "2y"], [(2 * 365 + 20) * 86400, "2y20d"], [9.5 * 365 * 86400, "9y"]] as [number, string][],
  ];
  for (const [seconds, text] of expected) assert.equal(humanDuration(seconds * 1000), text, `${seconds} s`);
});

Deno.test("a running pod shows readiness, restarts with their age, and where it is", () => {
  const pod = {
    metadata,
    spec: {
      containers: [{ name: "a" }, { name: "b" }],
      nodeName: "n1",
      readinessGates: [{ conditionType: "g" }, { conditionType: "h" }],
    },
    status: {
      phase: "Running",
      podIPs: [{ ip: "10.1.0.2" }],
      conditions: [{ type: "g", status: "True" }],
      containerStatuses: [
        container("a", { state: running, restartCount: 3, lastState: ended(1, { finishedAt: ago(303) }) }),
        container("b", { state: running, ready: false }),
      ],
    },
  };
  assert.deepEqual(printed(row("pods"), pod), {
    ...{ Name: "x", Ready: "1/2", Status: "Running", Restarts: "3 (5m3s ago)", Age: "3d5h", IP: "10.1.0.2" },
    ...{ Node: "n1", "Nominated Node": "<none>", "Readiness Gates": "1/2" },
  });
});

Deno.test("STATUS of a pod is the most specific reason there is", () => {
  const twoInits = { initContainers: [{ name: "i" }, { name: "j" }], containers: [{ name: "a" }] };
  const sidecar = { initContainers: [{ name: "s", restartPolicy: "Always" }], containers: [{ name: "a" }] };
  const one = { containers: [{ name: "a" }] };
  const done = container("i", { state: ended(0), ready: true });
  const cases: [string, string, KubeObject][] = [
    ["Pending", "0/1", { spec: one, status: { phase: "Pending" } }],
    ["Evicted", "0/1", { spec: one, status: { phase: "Failed", reason: "Evicted" } }],
    ["SchedulingGated", "0/1", {
      spec: one,
      status: { phase: "Pending", conditions: [{ type: "PodScheduled", status: "False", reason: "SchedulingGated" }] },
    }],
    ["CrashLoopBackOff", "0/1", {
      spec: one,
      status: { phase: "Running", containerStatuses: [container("a", { state: waiting("CrashLoopBackOff") })] },
    }],
    ["ExitCode:7", "0/1", {
      spec: one,
      status: { phase: "Failed", containerStatuses: [container("a", { state: ended(7) })] },
    }],
    ["Signal:9", "0/1", {
      spec: one,
      status: { phase: "Failed", containerStatuses: [container("a", { state: ended(137, { signal: 9 }) })] },
    }],
    ["Completed", "0/1", {
      spec: one,
      status: {
        phase: "Succeeded",
        containerStatuses: [container("a", { state: ended(0, { reason: "Completed" }), ready: false })],
      },
    }],
    ["NotReady", "1/2", {
      spec: { containers: [{ name: "a" }, { name: "b" }] },
      status: {
        phase: "Running",
        containerStatuses: [
          container("a", { state: ended(0, { reason: "Completed" }) }),
          container("b", { state: running }),
        ],
      },
    }],
    ["Init:1/2", "0/1", {
      spec: twoInits,
      status: {
        phase: "Pending",
        initContainerStatuses: [done, container("j", { state: running })],
        containerStatuses: [container("a", { state: waiting("PodInitializing"), ready: false })],
      },
    }],
    ["Init:ImagePullBackOff", "0/1", {
      spec: twoInits,
      status: { phase: "Pending", initContainerStatuses: [container("i", { state: waiting("ImagePullBackOff") })] },
    }],
    ["Init:Error", "0/1", {
      spec: twoInits,
      status: { phase: "Pending", initContainerStatuses: [container("i", { state: ended(1, { reason: "Error" }) })] },
    }],
    ["Running", "2/2", {
      spec: sidecar,
      status: {
        phase: "Running",
        initContainerStatuses: [container("s", { state: running, started: true })],
        containerStatuses: [container("a", { state: running })],
      },
    }],
    ["Terminating", "1/1", {
      metadata: { ...metadata, deletionTimestamp: ago(1) },
      spec: one,
      status: { phase: "Running", containerStatuses: [container("a", { state: running })] },
    }],
    ["Unknown", "0/1", {
      metadata: { ...metadata, deletionTimestamp: ago(1) },
      spec: one,
      status: { phase: "Running", reason: "NodeLost" },
    }],
  ];
  for (const [status, ready, pod] of cases) {
    const cells = printed(row("pods"), { metadata, ...pod });
    assert.deepEqual([cells.Status, cells.Ready], [status, ready]);
  }
});

Deno.test("workloads, services, nodes and claims show upstream's words", () => {
  const template = { spec: { containers: [{ name: "a", image: "i:1" }, { name: "b", image: "j:2" }] } };
  const selector = { matchLabels: { app: "x" }, matchExpressions: [{ key: "z", operator: "In", values: ["2", "1"] }] };
  const web = { metadata, spec: { replicas: 3, selector, template }, status: { readyReplicas: 2, updatedReplicas: 3 } };
  assert.deepEqual(printed(row("deployments", "apps"), web), {
    ...{ Name: "x", Ready: "2/3", "Up-to-date": 3, Available: 0, Age: "3d5h", Containers: "a,b", Images: "i:1,j:2" },
    Selector: "app=x,z in (1,2)",
  });
  const ports = [{ port: 80, nodePort: 30080, protocol: "TCP" }, { port: 53, protocol: "UDP" }];
  const service = { metadata, spec: { type: "LoadBalancer", clusterIPs: ["10.96.0.7"], ports, selector: { a: "b" } } };
  assert.deepEqual(printed(row("services"), service), {
    ...{ Name: "x", Type: "LoadBalancer", "Cluster-IP": "10.96.0.7", "External-IP": "<pending>" },
    ...{ "Port(s)": "80:30080/TCP,53/UDP", Age: "3d5h", Selector: "a=b" },
  });
  const node = {
    metadata: { ...metadata, labels: { "node-role.kubernetes.io/control-plane": "" } },
    spec: { unschedulable: true },
    status: {
      conditions: [{ type: "Ready", status: "True" }],
      addresses: [{ type: "InternalIP", address: "10.0.0.5" }],
      nodeInfo: { kubeletVersion: "v1.36.0", osImage: "Debian", kernelVersion: "6.1", containerRuntimeVersion: "" },
    },
  };
  assert.deepEqual(printed(row("nodes"), node), {
    ...{ Name: "x", Status: "Ready,SchedulingDisabled", Roles: "control-plane", Age: "3d5h", Version: "v1.36.0" },
    ...{ "Internal-IP": "10.0.0.5", "External-IP": "<none>", "OS-Image": "Debian", "Kernel-Version": "6.1" },
    "Container-Runtime": "<unknown>",
  });
  const claim = { metadata, spec: { storageClassName: "fast" }, status: { phase: "Pending" } };
  assert.deepEqual(printed(row("persistentvolumeclaims"), claim), {
    ...{ Name: "x", Status: "Pending", Volume: "", Capacity: "", "Access Modes": "", StorageClass: "fast" },
    ...{ VolumeAttributesClass: "<unset>", Age: "3d5h", VolumeMode: "<unset>" },
  });
  const job = { metadata, spec: { completions: 5, template }, status: { startTime: ago(90), succeeded: 2 } };
  const shown = printed(row("jobs", "batch"), job);
  assert.deepEqual([shown.Status, shown.Completions, shown.Duration], ["Running", "2/5", "90s"]);
});

Deno.test("every built-in kind has a row even where an object lacks what its kind requires", () => {
  for (const resource of builtinResources) {
    for (const bare of [{ metadata: { name: "x" } }, { metadata: { name: "x" }, spec: {}, status: {} }]) {
      const cells = Object.values(printed(resource, bare));
      assert.ok(cells.every((cell) => cell !== undefined), resource.plural);
    }
  }
});

Deno.test("a custom resource shows its printer columns, or its age, and nothing where the path finds nothing", () => {
  const widget = {
    metadata,
    spec: { replicas: 3, hosts: ["a", "b"], "odd.key": "dot", since: ago(90), text: 5 },
    status: { conditions: [{ type: "Ready", status: "True" }, { type: "Other", status: "False" }] },
  };
  const printerColumns = [
    ["Replicas", "integer", ".spec.replicas"],
    ["Hosts", "string", ".spec.hosts"],
    ["First", "string", ".spec.hosts[*]"],
    ["Last", "string", ".spec.hosts[-1]"],
    ["Ready", "string", '.status.conditions[?(@.type=="Ready")].status'],
    ["Dot", "string", ".spec.odd\\.key"],
    ["Bracket", "string", ".spec['odd.key']"],
    ["Since", "date", ".spec.since"],
    ["Wrong", "integer", ".spec.hosts"],
    ["None", "string", ".spec.none.deep"],
    ["Bad", "string", ".spec["],
    ["Text", "string", ".spec.text"],
  ].map(([name, type, jsonPath]) => ({
    ...{ name: name!, type: type!, jsonPath: jsonPath!, format: "", description: "", priority: 0 },
  }));
  assert.deepEqual(printed(row("widgets", "example.com", { printerColumns }), widget), {
    ...{ Name: "x", Replicas: 3, Hosts: '["a","b"]', First: "a", Last: "b", Ready: "True", Dot: "dot", Bracket: "dot" },
    ...{ Since: "90s", Wrong: null, None: null, Bad: null, Text: "5" },
  });
  assert.deepEqual(printed(row("widgets", "example.com", { printerColumns: [] }), widget), { Name: "x", Age: "3d5h" });
  assert.deepEqual(printed(row("limitranges"), widget), { Name: "x", "Created At": metadata.creationTimestamp });
});

Deno.test("a Table carries what includeObject asks for, and marks pods that have ended", () => {
  const pod = { apiVersion: "v1", kind: "Pod", metadata, spec: { containers: [] }, status: { phase: "Succeeded" } };
  const carried = (includeObject?: "None" | "Metadata" | "Object") =>
    (tableOf(row("pods"), [pod], { nowMs, includeObject, metadata: { resourceVersion: "7" } }) as unknown as Table)
      .rows[0];
  assert.equal(carried("None")?.object, null);
  assert.deepEqual(carried("Object")?.object, pod);
  assert.deepEqual(carried()?.object, { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata });
  assert.equal(carried()?.conditions?.length, 1);
  const later = tableOf(row("pods"), [pod], { nowMs, columns: false }) as unknown as Table;
  assert.deepEqual(later.columnDefinitions, []);
});
