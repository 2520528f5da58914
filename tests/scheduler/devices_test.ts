import assert from "node:assert/strict";
import fc from "fast-check";
import type { IDevice } from "kubernetes-models/resource.k8s.io/v1/Device";
import type { IDeviceClaim } from "kubernetes-models/resource.k8s.io/v1/DeviceClaim";
import { allocate } from "../../controllers/scheduler/devices/allocate.ts";
import { allocationOf } from "../../controllers/scheduler/devices/allocation_result.ts";
import { Ledger, poolsOf } from "../../controllers/scheduler/devices/pools.ts";
import { wantsOf } from "../../controllers/scheduler/devices/wants.ts";
import { clusterOf, node } from "./sample.ts";

const driver = "gpu.example.com";
const meta = (name: string) => ({
  name,
  uid: `uid-${name}`,
  resourceVersion: "1",
  creationTimestamp: "2030-01-01T00:00:00Z",
});

function slice(devices: IDevice[], spec: object = {}) {
  return {
    apiVersion: "resource.k8s.io/v1" as const,
    kind: "ResourceSlice" as const,
    metadata: meta("slice"),
    spec: { driver, nodeName: "n1", pool: { name: "n1", generation: 1, resourceSliceCount: 1 }, devices, ...spec },
  };
}

function claim(name: string, devices: IDeviceClaim) {
  const metadata = { ...meta(name), namespace: "default" };
  return { apiVersion: "resource.k8s.io/v1" as const, kind: "ResourceClaim" as const, metadata, spec: { devices } };
}

const anyGpu = (more: object = {}) => ({ name: "gpu", exactly: { deviceClassName: "gpu", count: 1, ...more } });
const classOf = () => ({ apiVersion: "resource.k8s.io/v1" as const, kind: "DeviceClass" as const, spec: {} });

interface Scene {
  readonly slices?: ReturnType<typeof slice>[];
  readonly ledger?: Ledger;
}

/** `request=device` for what is granted on n1; undefined: nothing works. */
function granted(devices: IDeviceClaim, { slices = [], ledger = new Ledger() }: Scene): string[] | undefined {
  const supply = { node: clusterOf(node("n1")).node("n1")!, pools: poolsOf(slices), classOf };
  return allocate(wantsOf([claim("c", devices)], supply), ledger)
    ?.map(({ alternative, candidate }) => `${alternative.request}=${candidate.offer.device.name}`);
}

const model = (name: string, attributes: IDevice["attributes"] = {}): IDevice => ({ name, attributes });

Deno.test("selectors read a device's attributes with their types, its capacity and its driver", () => {
  const device: IDevice = {
    name: "a",
    attributes: { model: { string: "A100" }, cores: { int: 64 }, [`other.org/firmware`]: { version: "1.10.0" } },
    capacity: { memory: { value: "40Gi" } },
  };
  const selects = (expression: string) =>
    granted({ requests: [anyGpu({ selectors: [{ cel: { expression } }] })] }, { slices: [slice([device])] }) !==
      undefined;
  assert.ok(selects(`device.driver == "${driver}" && device.attributes["${driver}"].model == "A100"`));
  assert.ok(selects(`device.attributes["${driver}"].cores >= 64`));
  assert.ok(selects(`device.attributes["other.org"].firmware.isGreaterThan(semver("1.9.0"))`));
  assert.ok(selects(`device.capacity["${driver}"].memory.compareTo(quantity("40Gi")) == 0`));
  assert.ok(!selects(`"x" in device.attributes["nowhere.org"]`));
  assert.throws(() => selects(`device.attributes["${driver}"].nothing == 1`), /no such key/);
});

Deno.test("a device is given once, and All means every one that matches or nothing", () => {
  const slices = [slice([model("a"), model("b")])];
  const two = { requests: [anyGpu(), { ...anyGpu(), name: "more" }] };
  assert.deepEqual(granted(two, { slices }), ["gpu=a", "more=b"]);
  assert.equal(granted({ requests: [anyGpu({ count: 3 })] }, { slices }), undefined);
  const all = { requests: [anyGpu({ allocationMode: "All", count: undefined })] };
  assert.deepEqual(granted(all, { slices }), ["gpu=a", "gpu=b"]);
  const ledger = new Ledger();
  ledger.set("other", { devices: { results: [{ request: "r", driver, pool: "n1", device: "a" }] } });
  assert.equal(granted(all, { slices, ledger }), undefined);
  assert.deepEqual(granted({ requests: [anyGpu()] }, { slices, ledger }), ["gpu=b"]);
  assert.deepEqual(granted({ requests: [anyGpu({ adminAccess: true })] }, { slices, ledger }), ["gpu=a"]);
  ledger.set("other", undefined);
  assert.deepEqual(granted(all, { slices, ledger }), ["gpu=a", "gpu=b"]);
});

Deno.test("an incomplete or outdated pool, another node's devices and untolerated taints offer nothing", () => {
  const one = { requests: [anyGpu()] };
  const pool = { name: "n1", generation: 1, resourceSliceCount: 2 };
  assert.equal(granted(one, { slices: [slice([model("a")], { pool })] }), undefined);
  const newer = slice([model("new")], { pool: { name: "n1", generation: 2, resourceSliceCount: 1 } });
  assert.deepEqual(granted(one, { slices: [slice([model("old")]), newer] }), ["gpu=new"]);
  assert.equal(granted(one, { slices: [slice([model("a")], { nodeName: "n2" })] }), undefined);
  const taints = [{ key: "broken", effect: "NoSchedule" as const }];
  const broken = [slice([{ ...model("a"), taints }])];
  assert.equal(granted(one, { slices: broken }), undefined);
  const tolerations = [{ key: "broken", operator: "Exists" }];
  assert.deepEqual(granted({ requests: [anyGpu({ tolerations })] }, { slices: broken }), ["gpu=a"]);
});

Deno.test("the first alternative that works is taken, and constraints hold over all requests", () => {
  const numa = (name: string, node: number) => model(name, { numa: { int: node } });
  const slices = [slice([numa("a", 0), numa("b", 1), numa("c", 1)])];
  const sub = (name: string, count: number) => ({ name, deviceClassName: "gpu", count });
  assert.deepEqual(
    granted({ requests: [{ name: "gpu", firstAvailable: [sub("many", 4), sub("few", 1)] }] }, { slices }),
    [
      "gpu/few=a",
    ],
  );
  const pair = { requests: [anyGpu({ count: 2 })] };
  const attribute = `${driver}/numa`;
  assert.deepEqual(granted({ ...pair, constraints: [{ matchAttribute: attribute }] }, { slices }), ["gpu=b", "gpu=c"]);
  assert.deepEqual(granted({ ...pair, constraints: [{ distinctAttribute: attribute }] }, { slices }), [
    "gpu=a",
    "gpu=b",
  ]);
  assert.equal(granted({ ...pair, constraints: [{ matchAttribute: `${driver}/none` }] }, { slices }), undefined);
});

Deno.test("parts of one device share its counters, shares of one device its capacity", () => {
  const part = (name: string, memory: string): IDevice => ({
    name,
    consumesCounters: [{ counterSet: "card", counters: { memory: { value: memory } } }],
  });
  const sharedCounters = [{ name: "card", counters: { memory: { value: "40Gi" } } }];
  const parts = [slice([part("whole", "40Gi"), part("half", "20Gi"), part("other", "20Gi")], { sharedCounters })];
  assert.deepEqual(granted({ requests: [anyGpu({ count: 2 })] }, { slices: parts }), ["gpu=half", "gpu=other"]);
  assert.equal(granted({ requests: [anyGpu({ count: 3 })] }, { slices: parts }), undefined);
  const nic: IDevice = {
    name: "nic",
    allowMultipleAllocations: true,
    capacity: { bandwidth: { value: "10", requestPolicy: { default: "1", validRange: { min: "2", step: "2" } } } },
  };
  const share = (name: string, bandwidth: string) => ({
    ...anyGpu({ capacity: { requests: { bandwidth } } }),
    name,
  });
  const slices = [slice([nic])];
  assert.deepEqual(granted({ requests: [share("x", "3"), share("y", "5")] }, { slices }), ["x=nic", "y=nic"]);
  assert.equal(granted({ requests: [share("x", "5"), share("y", "5")] }, { slices }), undefined);
});

Deno.test("what is asked of few devices and cannot be is refused after a bounded search", () => {
  const devices = Array.from({ length: 40 }, (_, n) => model(`d${n}`, { same: { int: n } }));
  const constraints = [{ matchAttribute: `${driver}/none` }, { distinctAttribute: `${driver}/same` }];
  assert.equal(granted({ requests: [anyGpu({ count: 20 })], constraints }, { slices: [slice(devices)] }), undefined);
});

Deno.test("backtracking finds a way exactly when trying every choice does", () => {
  const device = fc.record({ group: fc.integer({ min: 0, max: 2 }), fast: fc.boolean() });
  const request = fc.record({ count: fc.integer({ min: 1, max: 2 }), fast: fc.boolean() });
  const scene = fc.record({
    devices: fc.array(device, { maxLength: 5 }),
    requests: fc.array(request, { minLength: 1, maxLength: 3 }),
    match: fc.boolean(),
  });
  fc.assert(
    fc.property(scene, ({ devices, requests, match }) => {
      const offered = devices.map(({ group, fast }, n) =>
        model(`d${n}`, { group: { int: group }, fast: { bool: fast } })
      );
      const fastOnly = [{ cel: { expression: `device.attributes["${driver}"].fast` } }];
      const wanted = {
        requests: requests.map(({ count, fast }, n) => ({
          ...anyGpu({ count, selectors: fast ? fastOnly : [] }),
          name: `r${n}`,
        })),
        constraints: match ? [{ matchAttribute: `${driver}/group` }] : [],
      };
      const slots = requests.flatMap(({ count, fast }) => Array.from({ length: count }, () => fast));
      const naive = (at: number, taken: readonly number[]): boolean =>
        at === slots.length ||
        devices.some(({ group, fast }, n) =>
          !taken.includes(n) && (fast || !slots[at]) && (!match || taken.every((one) =>
            devices[one]!.group === group
          )) &&
          naive(at + 1, [...taken, n])
        );
      const found = granted(wanted, { slices: [slice(offered)] });
      assert.equal(found !== undefined, naive(0, []));
      if (found) assert.equal(new Set(found.map((one) => one.split("=")[1])).size, slots.length);
    }),
    { numRuns: 300, seed: 6 },
  );
});

Deno.test("the result names the request, the device, the node that has it, and configurations of class and claim", () => {
  const supply = { node: clusterOf(node("n1")).node("n1")!, pools: poolsOf([slice([model("a")])]), classOf };
  const opaque = { driver, parameters: { speed: 1 } };
  const wanted = claim("c", { requests: [anyGpu()], config: [{ opaque }] });
  const grants = allocate(wantsOf([wanted], supply), new Ledger())!;
  const now = "2030-01-01T00:00:00Z";
  const configured = () => ({ ...classOf(), spec: { config: [{ opaque }] } });
  assert.deepEqual(allocationOf(wanted, grants, { node: "n1", classOf: configured, newId: () => "id", now }), {
    devices: {
      results: [{ request: "gpu", driver, pool: "n1", device: "a" }],
      config: [{ source: "FromClass", requests: ["gpu"], opaque }, { source: "FromClaim", opaque }],
    },
    nodeSelector: { nodeSelectorTerms: [{ matchFields: [{ key: "metadata.name", operator: "In", values: ["n1"] }] }] },
    allocationTimestamp: now,
  });
});
