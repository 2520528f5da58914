/** The scheduler alone, pure and in memory: pods a second that find their node, and what one preemption takes. */
import { placePod } from "../../controllers/scheduler/place_pod.ts";
import { planPreemption } from "../../controllers/scheduler/preemption.ts";
import { defaultProfile } from "../../controllers/scheduler/configuration/configuration.ts";
import { clusterOf, facts, node, type PodOptions, seeded } from "../scheduler/sample.ts";
import { percentile, say } from "./figures.ts";

const zone = "topology.kubernetes.io/zone";
const hostname = "kubernetes.io/hostname";
const requests = { cpu: "10m", memory: "20Mi" };
const own = (n: number) => ({ app: `app${n % 20}` });

/** Twenty workloads each. */
const workloads: Readonly<Record<string, (n: number) => PodOptions>> = {
  basic: (n) => ({ requests, labels: own(n), owner: `set${n % 20}` }),
  "anti-affinity": (n) => {
    const required = [{ topologyKey: hostname, labelSelector: { matchLabels: own(n) } }];
    const podAntiAffinity = { requiredDuringSchedulingIgnoredDuringExecution: required };
    return { requests, labels: own(n), owner: `set${n % 20}`, spec: { affinity: { podAntiAffinity } } };
  },
  spread: (n) => {
    const labelSelector = { matchLabels: own(n) };
    const constraint = { topologyKey: zone, maxSkew: 1, whenUnsatisfiable: "DoNotSchedule" as const, labelSelector };
    return { requests, labels: own(n), owner: `set${n % 20}`, spec: { topologySpreadConstraints: [constraint] } };
  },
};

for (const nodes of [1000, 5000]) {
  for (const [name, optionsOf] of Object.entries(workloads)) placing(name, nodes, optionsOf);
}
preempting(500);

function placing(name: string, nodes: number, optionsOf: (n: number) => PodOptions): void {
  const cluster = clusterOf(
    ...Array.from({ length: nodes }, (_, n) => node(`n${n}`, { labels: { [zone]: `z${n % 3}` } })),
  );
  const random = seeded(1);
  const rates: number[] = [];
  let from = 0;
  for (let thousand = 0; thousand < 5; thousand++) {
    const start = performance.now();
    for (let n = thousand * 1000; n < (thousand + 1) * 1000; n++) {
      const pod = facts(`p${n}`, optionsOf(n));
      const placement = placePod(pod, cluster, defaultProfile, { random, from });
      if (placement.type === "refused") throw new Error([...placement.reasons.keys()].join());
      cluster.assume(pod, placement.node);
      from = (from + placement.looked) % nodes;
    }
    rates.push(1000 / ((performance.now() - start) / 1000));
  }
  const [first = 0, last = 0] = [rates[0], rates.at(-1)];
  const figure = `${Math.round(5 / rates.reduce((sum, rate) => sum + 1 / rate, 0))}/s`;
  say(
    `scheduler, ${nodes} nodes, ${name}`,
    `${figure}  first 1,000: ${Math.round(first)}/s  fifth: ${Math.round(last)}/s`,
  );
}

/** 500 nodes, one victim on each; and one node with all of them. */
function preempting(victims: number): void {
  const full = { cpu: "1" };
  const spread = clusterOf(...Array.from({ length: victims }, (_, n) => node(`n${n}`, { allocatable: full })));
  const one = clusterOf(node("n0", { allocatable: { cpu: String(victims), pods: "1000" } }));
  for (let n = 0; n < victims; n++) {
    spread.assume(facts(`v${n}`, { requests: full, spec: { priority: n % 7 } }), `n${n}`);
    one.assume(facts(`v${n}`, { requests: full, spec: { priority: n % 7 } }), "n0");
  }
  for (const [name, cluster] of Object.entries({ "500 nodes": spread, "one node": one })) {
    const took: number[] = [];
    for (let n = 0; n < 300; n++) {
      const pod = facts(`p${n}`, { requests: full, spec: { priority: 100 } });
      const start = performance.now();
      const refused = placePod(pod, cluster, defaultProfile, { random: seeded(n) });
      if (refused.type !== "refused") throw new Error("there was room");
      const plan = planPreemption({ pod, cluster, profile: defaultProfile, budgets: [] }, refused, {
        from: n % victims,
      });
      took.push(performance.now() - start);
      if (plan.type !== "victims") throw new Error(plan.words);
    }
    const p = (share: number) => `${percentile(took, share).toFixed(1)} ms`;
    say(`preemption, ${victims} victims on ${name}`, `p50 ${p(0.5)}  p99 ${p(0.99)}`);
  }
}
