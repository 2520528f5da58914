import assert from "node:assert/strict";
import fc from "fast-check";
import { conditionOf } from "../../controllers/objects/conditions.ts";
import { decidedBy, endOf, isOver, type JobWorld } from "../../controllers/job/end.ts";
import { indexOf, parseIndexes } from "../../controllers/job/indexes.ts";
import { planJob } from "../../controllers/job/plan.ts";
import { jobPod } from "../../controllers/job/pod.ts";
import { failureVerdict, successOf } from "../../controllers/job/policies.ts";
import { jobStatus } from "../../controllers/job/status.ts";
import { isTracked, type JobObject, lastFailures, noteOf, tallyOf } from "../../controllers/job/tally.ts";
import { isActive, type PodObject } from "../../controllers/objects/pod_state.ts";
import { samplePod, startMs } from "./sample.ts";

type Mutable = { -readonly [field in keyof PodObject]: PodObject[field] };

/** Every pod that was ever made, and what became of it. */
class Playground {
  pods: Mutable[] = [];
  readonly all: Mutable[] = [];
  readonly removed = new Set<PodObject>();
  now = startMs;
  readonly job: JobObject;

  constructor(spec: object) {
    const metadata = { name: "j", namespace: "n", uid: "j", resourceVersion: "1", creationTimestamp: "" };
    const template = { spec: { restartPolicy: "Never", containers: [{ name: "main", image: "x" }] } };
    this.job = { apiVersion: "batch/v1", kind: "Job", metadata, spec: { backoffLimit: 3, template, ...spec } } as never;
  }

  #untrack(pods: readonly PodObject[]): void {
    for (const pod of pods) delete pod.metadata.finalizers;
  }

  #delete(pods: readonly PodObject[]): void {
    for (const pod of pods) pod.metadata.deletionTimestamp = new Date(this.now).toISOString();
  }

  #make(index: number, replaced: PodObject | undefined): void {
    const made = jobPod(this.job, index, replaced);
    const pod = samplePod(`p${this.all.length}`) as Mutable;
    Object.assign(pod.metadata, { annotations: made.metadata!.annotations, finalizers: made.metadata!.finalizers });
    this.pods.push(pod);
    this.all.push(pod);
  }

  /** One reconcile that dies after so many of its writes. */
  reconcile(writes: number, passMs: number): void {
    const { job, pods, now } = this;
    let left = writes;
    const write = (action: () => void) => left-- > 0 ? action() : undefined;
    const world: JobWorld = { job, pods: [...pods], tally: tallyOf(job, pods), now };
    const end = endOf(world);
    const last = end ? new Map<number, PodObject>() : lastFailures(job, pods, world.tally);
    const decided = end && conditionOf(job.status?.conditions, decidedBy[end.type])?.status === "True";
    if (decided) { for (const pod of pods.filter(isActive)) write(() => this.#delete([pod])); }
    const step = end ? { create: [], remove: [] } : planJob(world, last);
    for (const pod of step.remove) {
      this.removed.add(pod);
      write(() => (this.#untrack([pod]), this.#delete([pod])));
    }
    for (const index of step.create) write(() => this.#make(index, last.get(index)));
    const note = noteOf(job, world.tally, new Set(last.values()));
    const status = jobStatus(world, { end, note, pods: this.pods });
    write(() => void (job.status = structuredClone(status)));
    for (const pod of note.release) write(() => this.#untrack([pod]));
    this.pods = this.pods.filter((pod) => isTracked(pod) || pod.metadata.deletionTimestamp === undefined);
    this.now += passMs;
  }

  end(chance: readonly ("Succeeded" | "Failed" | "Running")[]): void {
    const running = this.pods.filter(isActive);
    for (const [position, pod] of running.entries()) {
      pod.status = { ...pod.status, phase: chance[position % chance.length] };
    }
  }
}

const runs = fc.array(
  fc.record({
    writes: fc.oneof(fc.constant(1000), fc.nat(6)),
    /** Within the back-off, or long after it. */
    passMs: fc.constantFrom(1000, 3_600_000),
    ends: fc.array(fc.constantFrom("Succeeded" as const, "Failed" as const, "Running" as const, "Succeeded" as const), {
      minLength: 1,
      maxLength: 4,
    }),
  }),
  { minLength: 5, maxLength: 30 },
);

interface Step {
  readonly writes: number;
  readonly passMs: number;
  readonly ends: readonly ("Succeeded" | "Failed" | "Running")[];
}

const calm: readonly Step[] = Array.from({ length: 40 }, () => {
  return { writes: 1000, passMs: 3_600_000, ends: ["Succeeded" as const] };
});

function playOut(spec: { parallelism: number }, steps: readonly Step[]) {
  const ground = new Playground(spec);
  for (const { writes, passMs, ends } of [...steps, ...calm]) {
    if (isOver(ground.job)) break;
    ground.reconcile(writes, passMs);
    assert.ok(ground.pods.filter(isActive).length <= spec.parallelism, "more pods than parallelism");
    ground.end(ends);
  }
  return ground;
}

/** Counts what every pod came to, with nothing but the pods themselves. */
function naiveCount({ all, removed }: Playground) {
  const counted = all.filter((pod) => !removed.has(pod));
  const succeeded = counted.filter(({ status }) => status?.phase === "Succeeded");
  const failed = counted.filter(({ status, metadata }) =>
    status?.phase === "Failed" || (status?.phase !== "Succeeded" && metadata.deletionTimestamp !== undefined)
  );
  return { succeeded, failed };
}

Deno.test("however often it is killed, a Job counts every pod that ended once, and ends", () => {
  const spec = fc.record({ completions: fc.integer({ min: 1, max: 6 }), parallelism: fc.integer({ min: 1, max: 4 }) });
  fc.assert(
    fc.property(spec, runs, (shape, steps) => {
      const ground = playOut(shape, steps);
      const { succeeded, failed } = naiveCount(ground);
      const { status } = ground.job;
      assert.ok(isOver(ground.job), JSON.stringify(status));
      assert.equal(status?.failed ?? 0, failed.length);
      assert.equal(status?.succeeded ?? 0, succeeded.length);
      const won = conditionOf(status?.conditions as never, "Complete") !== undefined;
      assert.equal(won, succeeded.length >= shape.completions && failed.length <= 3);
      assert.deepEqual(status?.uncountedTerminatedPods, {});
      assert.ok(!ground.pods.some(isTracked));
    }),
    { numRuns: 300, seed: 7 },
  );
});

Deno.test("with a limit of its own, an index that fails too often fails for good, and no other suffers", () => {
  const shape = { completionMode: "Indexed", backoffLimit: 2 ** 31 - 1, completions: 4, parallelism: 2 };
  fc.assert(
    fc.property(fc.nat(2), runs, (backoffLimitPerIndex, steps) => {
      const ground = playOut({ ...shape, backoffLimitPerIndex } as never, steps);
      const { status } = ground.job;
      assert.ok(isOver(ground.job), JSON.stringify(status));
      const done = parseIndexes(status?.completedIndexes), lost = parseIndexes(status?.failedIndexes);
      for (let index = 0; index < 4; index++) {
        const tries = ground.all.filter((pod) => indexOf(pod) === index && !ground.removed.has(pod));
        const failures = tries.filter(({ status }) => status?.phase === "Failed").length;
        assert.equal(done.has(index), tries.some(({ status }) => status?.phase === "Succeeded"));
        assert.equal(lost.has(index), failures > backoffLimitPerIndex);
        assert.notEqual(done.has(index), lost.has(index));
      }
      assert.equal(conditionOf(status?.conditions as never, "Failed") !== undefined, lost.size > 0);
    }),
    { numRuns: 200, seed: 7 },
  );
});

Deno.test("the first rule of a failure policy that matches decides, in upstream's words", () => {
  const pod = samplePod("p", { phase: "Failed" }) as Mutable;
  pod.status!.containerStatuses![0]!.state = { terminated: { exitCode: 42, reason: "Error" } } as never;
  pod.status!.conditions!.push({ type: "DisruptionTarget", status: "True" });
  const rule = (action: string, operator: string, ...values: number[]) => ({
    action,
    onExitCodes: { operator, values },
  });
  const verdict = (...rules: object[]) => failureVerdict({ template: {}, podFailurePolicy: { rules } } as never, pod);
  assert.deepEqual(verdict(), { action: "Count" });
  assert.deepEqual(verdict(rule("Ignore", "In", 1, 2), rule("FailIndex", "NotIn", 7)), { action: "FailIndex" });
  assert.equal(
    verdict(rule("FailJob", "In", 42)).message,
    "Container main for pod default/p failed with exit code 42 matching FailJob rule at index 0",
  );
  const onDisruption = { action: "FailJob", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] };
  const message = "Pod default/p has condition DisruptionTarget matching FailJob rule at index 1";
  assert.equal(verdict(rule("Count", "In", 1), onDisruption).message, message);
});

Deno.test("a success policy is met by indexes, by their number, or by a number of some", () => {
  const met = (rule: object, ...done: number[]) =>
    successOf({ template: {}, completions: 5, successPolicy: { rules: [rule] } } as never, new Set(done)) !== undefined;
  assert.deepEqual([met({ succeededIndexes: "0,2-3" }, 0, 2), met({ succeededIndexes: "0,2-3" }, 0, 2, 3)], [
    false,
    true,
  ]);
  assert.deepEqual([met({ succeededCount: 2 }, 4), met({ succeededCount: 2 }, 4, 1)], [false, true]);
  const some = { succeededIndexes: "1-3", succeededCount: 2 };
  assert.deepEqual([met(some, 0, 1, 4), met(some, 1, 3)], [false, true]);
});

Deno.test("a pod that is going is replaced at once, or when it has ended where the Job says so", () => {
  const made = (policy?: string) => {
    const { job, now } = new Playground({ parallelism: 2, completions: 5, podReplacementPolicy: policy });
    const tracked = (name: string, going: boolean) => {
      const pod = samplePod(name, { going });
      pod.metadata.finalizers = ["batch.kubernetes.io/job-tracking"];
      return pod;
    };
    const pods = [tracked("stays", false), tracked("goes", true)];
    return planJob({ job, pods, tally: tallyOf(job, pods), now: now + 3_600_000 }, new Map()).create.length;
  };
  assert.equal(made("Failed"), 0);
  assert.equal(made("TerminatingOrFailed"), 1);
  assert.equal(made(), 1);
});
