/** The laws of the plan through random lives of pods, the agent dying between any two steps. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { cgroupLimits } from "../../controllers/kubelet/container/resources.ts";
import { containerHash, type Observed } from "../../controllers/kubelet/container/identity.ts";
import { planPod } from "../../controllers/kubelet/pod/plan_pod.ts";
import type { Step } from "../../controllers/kubelet/pod/pod_plan.ts";
import { allContainersOf, type Pod, specOf } from "../../controllers/kubelet/pod/pod.ts";
import { factsOf, noon, observedOf, podOf } from "./pods.ts";

/** A docker that does what it is told, and forgets nothing. */
class World {
  containers: Observed[] = [];
  networkReady = false;
  readonly stopped: string[] = [];
  #made = 0;

  constructor(readonly pod: Pod) {}

  do(step: Step): void {
    if (step.type === "sandbox") {
      if (!step.id) this.#add("POD", { attempt: step.attempt });
      this.networkReady = true;
    }
    if (step.type === "start") {
      this.containers = this.containers.filter((one) => one.name !== step.name || one.attempt !== step.attempt);
      this.#add(step.name, { attempt: step.attempt, backOffSeconds: 0, sandboxId: this.#sandbox()!.state.id });
    }
    if (step.type === "remove" || step.type === "dropSandbox") this.#remove(step.id);
    if (step.type === "stop") {
      this.stopped.push(step.name);
      this.end(step.name, 137);
    }
  }

  end(name: string, exitCode: number): void {
    this.containers = this.containers.map((one) =>
      one.name === name && one.state.status === "running"
        ? { ...one, state: { ...one.state, status: "exited", exitCode, finishedAt: "2026-01-01T12:00:00Z" } }
        : one
    );
    if (name === "POD") this.networkReady = false;
  }

  plan() {
    return planPod(factsOf(this.pod, this.containers, { networkReady: this.networkReady, now: noon + 1_000_000 }));
  }

  running(name: string): number {
    return this.containers.filter((one) => one.name === name && one.state.status === "running").length;
  }

  #sandbox(): Observed | undefined {
    return this.containers.findLast((one) => one.isSandbox && one.state.status === "running");
  }

  #add(name: string, more: Partial<Observed>): void {
    const container = allContainersOf(this.pod).find((one) => one.name === name) ?? { name: "POD" };
    const state = { id: `id-${this.#made++}`, limits: cgroupLimits(this.pod, container) } as Observed["state"];
    this.containers.push(observedOf(name, "running", { hash: containerHash(container), ...more, state }));
  }

  #remove(id: string): void {
    const gone = this.containers.find((one) => one.state.id === id);
    if (gone?.isSandbox) this.networkReady = false;
    this.containers = this.containers.filter((one) => one !== gone);
  }
}

const container = (name: string, more: object = {}) => ({ name, image: "i", ...more });
const pods = fc.record({
  init: fc.array(fc.boolean(), { maxLength: 3 }),
  app: fc.integer({ min: 1, max: 3 }),
  policy: fc.constantFrom("Always", "OnFailure"),
}).map(({ init, app, policy }) =>
  podOf({
    restartPolicy: policy as "Always",
    initContainers: init.map((sidecar, i) => container(`init${i}`, sidecar ? { restartPolicy: "Always" } : {})),
    containers: Array.from({ length: app }, (_, i) => container(`app${i}`)),
  })
);

/** What happens before each pass: how many steps are done before the agent dies, and what ends by itself. */
const fates = fc.array(
  fc.record({ steps: fc.nat({ max: 4 }), ends: fc.option(fc.nat({ max: 6 })), code: fc.nat({ max: 1 }) }),
  {
    maxLength: 30,
  },
);

function settle(world: World): void {
  for (let pass = 0; pass < 60; pass++) {
    const { steps } = world.plan();
    if (steps.length > 0) { for (const step of steps) world.do(step); }
    else if (!endInit(world)) return;
  }
  assert.fail("the plan never comes to rest");
}

/** Init containers do their work. */
function endInit(world: World): boolean {
  const plain = specOf(world.pod).initContainers?.filter(({ restartPolicy }) => restartPolicy !== "Always") ?? [];
  const running = plain.find(({ name }) => world.running(name) > 0);
  if (running) world.end(running.name, 0);
  return running !== undefined;
}

Deno.test("wherever the agent dies, the pod comes to run: one of each container, and nothing healthy was stopped", () => {
  fc.assert(
    fc.property(pods, fates, (pod, lives) => {
      const world = new World(pod);
      for (const { steps, ends, code } of lives) {
        for (const step of world.plan().steps.slice(0, steps)) world.do(step);
        const names = allContainersOf(pod).map(({ name }) => name);
        // What ends without a fault under OnFailure may end the pod, which is another law.
        if (ends !== null && names[ends]) world.end(names[ends], specOf(pod).restartPolicy === "Always" ? code : 1);
      }
      settle(world);
      const sidecars = (specOf(pod).initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === "Always");
      for (const { name } of [...specOf(pod).containers, ...sidecars]) assert.equal(world.running(name), 1, name);
      assert.deepEqual(world.stopped, []);
      assert.equal(world.running("POD"), 1);
    }),
    { seed: 36, numRuns: 300 },
  );
});

Deno.test("a sandbox that dies takes nothing with it for good: what ran with it is stopped once and runs again", () => {
  fc.assert(
    fc.property(pods, (pod) => {
      const world = new World(pod);
      settle(world);
      world.end("POD", 137);
      settle(world);
      for (const { name } of specOf(pod).containers) assert.equal(world.running(name), 1);
      assert.equal(new Set(world.stopped).size, world.stopped.length);
    }),
    { seed: 36, numRuns: 100 },
  );
});
