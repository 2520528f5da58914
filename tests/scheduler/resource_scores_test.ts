/** How nodes are scored by what is used of them, beside the documented formulas worked out with exact fractions. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { balancedAllocation, resourcesScore, type ScoringStrategy } from "../../controllers/scheduler/plugins/mod.ts";
import { clusterOf, facts, node } from "./sample.ts";

const gpu = "example.com/gpu";
const amounts = fc.record({ cpu: fc.nat(8000), memory: fc.nat(4096), gpu: fc.nat(8) });
const weights = fc.record({ cpu: fc.nat(3), memory: fc.nat(3), gpu: fc.nat(3) });
/** Rising utilization, some score each. */
const shapes = fc.uniqueArray(fc.nat(100), { minLength: 1, maxLength: 4 }).chain((points) =>
  fc.array(fc.nat(10), { minLength: points.length, maxLength: points.length }).map((scores) =>
    points.toSorted((a, b) => a - b).map((utilization, at) => ({ utilization, score: scores[at]! }))
  )
);
type Amounts = { cpu: number; memory: number; gpu: number };

const listOf = ({ cpu, memory, gpu: count }: Amounts) => ({ cpu: `${cpu}m`, memory: `${memory}Mi`, [gpu]: count });
const resourcesOf = ({ cpu, memory, gpu: count }: Amounts) =>
  [{ name: "cpu", weight: cpu }, { name: "memory", weight: memory }, { name: gpu, weight: count }]
    .filter(({ weight }) => weight > 0);

/** Capacity and what would be used, of each resource that counts. */
function seen(capacity: Amounts, there: Amounts, asked: Amounts, names: readonly string[]) {
  return names.map((name) => {
    const field = name === gpu ? "gpu" : name as "cpu" | "memory";
    return { name, capacity: capacity[field], used: there[field] + asked[field], isAsked: asked[field] > 0 };
  }).filter(({ name, capacity, isAsked }) => capacity > 0 && (name !== gpu || isAsked));
}

const scene = (capacity: Amounts, there: Amounts, asked: Amounts) => {
  const allocatable = Object.fromEntries(Object.entries(listOf(capacity)).map(([name, amount]) => [name, `${amount}`]));
  const cluster = clusterOf(node("n", { allocatable }));
  cluster.place(facts("there", { requests: listOf(there) }), "n");
  return { pod: facts("p", { requests: listOf(asked) }), cluster, node: cluster.node("n")! };
};

const floor = (numerator: number, denominator: number) => Number(BigInt(numerator) / BigInt(denominator));

const naive: Record<
  ScoringStrategy["type"],
  (used: number, capacity: number, shape: ScoringStrategy["shape"]) => number
> = {
  LeastAllocated: (used, capacity) => used > capacity ? 0 : floor((capacity - used) * 100, capacity),
  MostAllocated: (used, capacity) => floor(Math.min(used, capacity) * 100, capacity),
  RequestedToCapacityRatio: (used, capacity, shape) => {
    const share = used > capacity ? 100 : floor(used * 100, capacity);
    const before = shape.filter(({ utilization }) => utilization < share).at(-1);
    const after = shape.find(({ utilization }) => utilization >= share);
    if (!before || !after) return 10 * (before ?? after)!.score;
    const [width, height] = [after.utilization - before.utilization, 10 * (after.score - before.score)];
    return 10 * before.score + floor(height * (share - before.utilization), width);
  },
};

Deno.test("each strategy scores as its formula says, resource by resource and weighed", () => {
  const type = fc.constantFrom<ScoringStrategy["type"]>("LeastAllocated", "MostAllocated", "RequestedToCapacityRatio");
  fc.assert(
    fc.property(
      type,
      shapes,
      fc.tuple(weights, amounts, amounts, amounts),
      (type, shape, [weight, capacity, there, asked]) => {
        const resources = resourcesOf(weight);
        const { pod, cluster, node } = scene(capacity, there, asked);
        const [score] = resourcesScore({ type, resources, shape }).prepare(pod, cluster)!([node]);
        const parts = seen(capacity, there, asked, resources.map(({ name }) => name)).map((
          { name, used, capacity },
        ) => ({
          weight: resources.find((each) => each.name === name)!.weight,
          value: naive[type](used, capacity, shape),
        })).filter(({ value }) => type !== "RequestedToCapacityRatio" || value > 0);
        const total = parts.reduce((sum, { weight }) => sum + weight, 0);
        const mean = total === 0 ? 0 : parts.reduce((sum, { weight, value }) => sum + weight * value, 0) / total;
        assert.equal(score, type === "RequestedToCapacityRatio" ? Math.round(mean) : Math.floor(mean));
      },
    ),
    { numRuns: 500, seed: 11 },
  );
});

Deno.test("balance is one less the standard deviation of the shares, and what the pod changes of it counts", () => {
  fc.assert(
    fc.property(weights, amounts, amounts, amounts, (chosen, capacity, there, asked) => {
      const resources = resourcesOf(chosen).map(({ name }) => ({ name, weight: 1 }));
      const { pod, cluster, node } = scene(capacity, there, asked);
      const scores = balancedAllocation(resources).prepare(pod, cluster)?.([node]);
      const names = resources.map(({ name }) => name);
      const field = (name: string) => name === gpu ? "gpu" : name as "cpu" | "memory";
      assert.equal(scores === undefined, !names.some((name) => asked[field(name)] > 0));
      if (!scores) return;
      const balance = (part: 0 | 1) => {
        const counted = seen(capacity, there, asked, names);
        const shares = counted.map(({ name, used, capacity }) =>
          Math.min(1, (used - (1 - part) * asked[field(name)]) / capacity)
        );
        const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
        const deviation = Math.sqrt(shares.reduce((sum, share) => sum + (share - mean) ** 2, 0) / (shares.length || 1));
        return (1 - deviation) * 100;
      };
      // Whole points of both, and roots of fractions that may be missed by a hair on either side.
      const exact = 75 + (balance(1) - balance(0)) / 2;
      assert.ok(Math.abs(scores[0]! - exact) < 1.5, `${scores[0]} for ${exact}`);
    }),
    { numRuns: 500, seed: 12 },
  );
});
