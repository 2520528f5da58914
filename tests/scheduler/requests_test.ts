import assert from "node:assert/strict";
import fc from "fast-check";
import { podRequests, scoredRequests } from "../../controllers/scheduler/pod_requests.ts";
import { facts, node } from "./sample.ts";
import { Cluster } from "../../controllers/scheduler/cluster.ts";

interface Step {
  readonly cpu: number;
  readonly sidecar: boolean;
}

/** Plays the pod's life: what is running at each moment, and the most that ever was. */
function naivePeak(inits: readonly Step[], mains: readonly number[], overhead: number): number {
  const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);
  const running: number[] = [];
  const moments: number[] = [];
  for (const { cpu, sidecar } of inits) {
    moments.push(sum(running) + cpu);
    if (sidecar) running.push(cpu);
  }
  moments.push(sum(running) + sum(mains));
  return Math.max(...moments) + overhead;
}

Deno.test("a pod asks for the most that runs at any moment of its life, and its overhead", () => {
  const step = fc.record({ cpu: fc.nat(2000), sidecar: fc.boolean() });
  const inits = fc.array(step, { maxLength: 5 });
  const mains = fc.array(fc.nat(2000), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(inits, mains, fc.nat(500), (inits, mains, overhead) => {
      const requesting = (cpu: number) => ({ name: "c", image: "i", resources: { requests: { cpu: `${cpu}m` } } });
      const spec = {
        initContainers: inits.map(({ cpu, sidecar }) => ({
          ...requesting(cpu),
          ...(sidecar && { restartPolicy: "Always" as const }),
        })),
        containers: mains.map(requesting),
        overhead: { cpu: `${overhead}m` },
      };
      assert.equal(podRequests(spec).cpu ?? 0, naivePeak(inits, mains, overhead));
    }),
    { seed: 3 },
  );
});

Deno.test("requests of the pod as a whole stand in for the sum of its containers", () => {
  const containers = [{ name: "c", image: "i", resources: { requests: { cpu: "1", memory: "1Gi" } } }];
  const spec = { containers, resources: { requests: { cpu: "3" } } };
  assert.deepEqual(podRequests(spec), { cpu: 3000, memory: 1024 ** 3 });
});

Deno.test("containers that ask for nothing are scored as if they asked for a little", () => {
  const containers = [{ name: "a", image: "i" }, { name: "b", image: "i", resources: { requests: { cpu: "1" } } }];
  assert.deepEqual(scoredRequests({ containers }), { cpu: 1100, memory: 400 * 1024 ** 2 });
});

Deno.test("however pods come, move and go, the sums of a node are those of the pods on it", () => {
  const pods = Array.from({ length: 8 }, (_, n) =>
    facts(`p${n}`, {
      requests: { cpu: `${n * 100 + 50}m`, memory: `${n}Mi` },
      labels: { app: `a${n % 3}` },
      owner: `o${n % 2}`,
      spec: n === 3 ? { containers: [{ name: "c", image: "i", ports: [{ containerPort: 80, hostPort: 80 }] }] } : {},
    }));
  const step = fc.record({
    pod: fc.nat(7),
    node: fc.constantFrom("n1", "n2"),
    what: fc.constantFrom("place", "assume", "forget", "remove"),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const cluster = new Cluster();
      const naive = new Map<number, { node: string; assumed: boolean }>();
      for (const { pod, node, what } of steps) {
        const each = pods[pod]!;
        if (what === "place" || what === "assume") {
          cluster[what](each, node);
          naive.set(pod, { node, assumed: what === "assume" });
        } else {
          cluster[what](each.uid);
          if (what === "remove" || naive.get(pod)?.assumed) naive.delete(pod);
        }
      }
      for (const name of ["n1", "n2"]) assertSums(cluster, name, [...naive].filter(([, at]) => at.node === name));
    }),
    { seed: 4 },
  );

  function assertSums(cluster: Cluster, name: string, here: [number, unknown][]): void {
    // A node that is described after its pods came has counted them.
    cluster.setNode(node(name));
    const state = cluster.node(name)!;
    const on = here.map(([n]) => pods[n]!);
    const sum = (amount: (pod: typeof on[number]) => number) => on.reduce((total, each) => total + amount(each), 0);
    assert.equal(state.podCount, on.length);
    assert.equal(state.used.cpu ?? 0, sum(({ requests }) => requests.cpu ?? 0));
    assert.equal(state.scoredUse.memory ?? 0, sum(({ scored }) => scored.memory ?? 0));
    assert.equal(state.hasPort({ ip: "0.0.0.0", protocol: "TCP", port: 80 }), here.some(([n]) => n === 3));
    for (const owner of ["o0", "o1"]) {
      assert.equal(cluster.siblings(owner).get(name) ?? 0, on.filter((each) => each.owner === owner).length);
    }
  }
});
