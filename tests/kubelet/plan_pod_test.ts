/** What must happen to a pod's containers. */
import assert from "node:assert/strict";
import type { Observed } from "../../controllers/kubelet/container/identity.ts";
import { nextBackOffSeconds } from "../../controllers/kubelet/pod/back_off.ts";
import { planPod } from "../../controllers/kubelet/pod/plan_pod.ts";
import { factsOf, noon, observedOf, podOf } from "./pods.ts";

const sandbox = observedOf("POD", "running");
const steps = (...facts: Parameters<typeof factsOf>) => planPod(factsOf(...facts)).steps;
const ended = (exitCode: number, more: Partial<Observed> = {}) =>
  observedOf("c", "exited", { ...more, state: { exitCode } as Observed["state"] });

Deno.test("a new pod gets a sandbox and its containers", () => {
  assert.deepEqual(steps(podOf(), []), [
    { type: "sandbox", attempt: 0 },
    { type: "start", name: "c", attempt: 0, backOffSeconds: 0 },
  ]);
});

Deno.test("what runs and should run gets no step", () => {
  assert.deepEqual(steps(podOf(), [sandbox, observedOf("c", "running")]), []);
});

Deno.test("a sandbox without addresses is wired before anything starts in it", () => {
  const [first] = steps(podOf(), [sandbox], { networkReady: false });
  assert.deepEqual(first, { type: "sandbox", attempt: 0, id: "POD-0" });
});

Deno.test("an ended container runs again at once the first time, and carries the first back-off", () => {
  assert.deepEqual(steps(podOf(), [sandbox, ended(1)]), [{ type: "start", name: "c", attempt: 1, backOffSeconds: 10 }]);
});

Deno.test("a container in back-off waits with reason CrashLoopBackOff, and is looked at when it is over", () => {
  const plan = planPod(factsOf(podOf(), [sandbox, ended(1, { backOffSeconds: 20 })], { now: noon + 5000 }));
  assert.deepEqual(plan.steps, []);
  assert.equal(plan.againMs, 15_000);
  assert.deepEqual(plan.waiting.get("c"), {
    reason: "CrashLoopBackOff",
    message: "back-off 20s restarting failed container=c pod=web_default(u1)",
  });
});

Deno.test("back-off doubles to five minutes and is forgiven after ten minutes of running", () => {
  const delays = [nextBackOffSeconds(0, 0)];
  while (delays.length < 7) delays.push(nextBackOffSeconds(delays.at(-1)!, 1000));
  assert.deepEqual(delays, [10, 20, 40, 80, 160, 300, 300]);
  assert.equal(nextBackOffSeconds(300, 600_000), 10);
  const steady = ended(1, { backOffSeconds: 300 });
  const state = { ...steady.state, startedAt: new Date(noon - 601_000).toISOString() };
  const plan = planPod(factsOf(podOf(), [sandbox, { ...steady, state }]));
  assert.deepEqual(plan.steps, [{ type: "start", name: "c", attempt: 1, backOffSeconds: 10 }], "it waits no more");
});

Deno.test("restart policies: Never ends the pod, OnFailure only when all went well", () => {
  const phase = (restartPolicy: string, code: number) =>
    planPod(factsOf(podOf({ restartPolicy: restartPolicy as "Never" }), [sandbox, ended(code)])).ended?.phase;
  assert.equal(phase("Never", 0), "Succeeded");
  assert.equal(phase("Never", 1), "Failed");
  assert.equal(phase("OnFailure", 0), "Succeeded");
  assert.equal(phase("OnFailure", 1), undefined);
  assert.equal(phase("Always", 0), undefined);
});

Deno.test("a creation that was never started is made again as the same attempt", () => {
  assert.deepEqual(steps(podOf(), [sandbox, observedOf("c", "created", { attempt: 3 })]), [
    { type: "remove", id: "c-3" },
    { type: "start", name: "c", attempt: 3, backOffSeconds: 0 },
  ]);
});

Deno.test("a dead sandbox: its containers stop, then it goes, then a new one comes", () => {
  const dead = observedOf("POD", "exited");
  assert.deepEqual(steps(podOf(), [dead, observedOf("c", "running")]).map(({ type }) => type), ["stop"]);
  assert.deepEqual(steps(podOf(), [dead, ended(137)]), [{ type: "dropSandbox", id: "POD-0" }]);
});

const init = [{ name: "a", image: "i" }, { name: "b", image: "i" }];

Deno.test("init containers run one after the other, before the app", () => {
  const pod = podOf({ initContainers: init });
  const started = (observed: Observed[]) =>
    steps(pod, [sandbox, ...observed]).flatMap((step) => (step.type === "start" ? [step.name] : []));
  assert.deepEqual(started([]), ["a"]);
  assert.deepEqual(started([observedOf("a", "running")]), []);
  assert.deepEqual(started([observedOf("a", "exited")]), ["b"]);
  assert.deepEqual(started([observedOf("a", "exited"), observedOf("b", "exited")]), ["c"]);
});

Deno.test("init containers don't run again once the app has, whether docker still has them or not", () => {
  assert.deepEqual(steps(podOf({ initContainers: init }), [sandbox, observedOf("c", "running")]), []);
});

Deno.test("a failed init container fails a pod of policy Never", () => {
  const failed = observedOf("a", "exited", { state: { exitCode: 2 } as Observed["state"] });
  assert.equal(
    planPod(factsOf(podOf({ initContainers: init, restartPolicy: "Never" }), [sandbox, failed])).ended?.phase,
    "Failed",
  );
});

Deno.test("a sidecar that is started lets the app start and is kept running beside it", () => {
  const pod = podOf({ initContainers: [{ name: "a", image: "i", restartPolicy: "Always" }] });
  assert.deepEqual(steps(pod, [sandbox, observedOf("a", "running")]).map((step) => "name" in step && step.name), ["c"]);
  const died = steps(pod, [sandbox, observedOf("a", "exited"), observedOf("c", "running")]);
  assert.deepEqual(died, [{ type: "start", name: "a", attempt: 1, backOffSeconds: 10 }]);
});

const going = {
  metadata: { ...podOf().metadata, deletionTimestamp: "2026-01-01T12:00:00Z", deletionGracePeriodSeconds: 5 },
};

Deno.test("a pod that is going stops its app, then its sidecars in reverse, then everything is purged", () => {
  const pod = podOf({ initContainers: init.map((one) => ({ ...one, restartPolicy: "Always" })) }, going);
  const all = ["a", "b", "c"].map((name) => observedOf(name, "running"));
  const stopped = (running: string[]) =>
    steps(pod, [sandbox, ...all.map((one) => running.includes(one.name) ? one : observedOf(one.name, "exited"))])
      .map((step) => (step.type === "stop" ? `${step.name} ${step.grace}` : step.type));
  assert.deepEqual(stopped(["a", "b", "c"]), ["c 5"]);
  assert.deepEqual(stopped(["a", "b"]), ["b 5"]);
  assert.deepEqual(stopped(["a"]), ["a 5"]);
  assert.deepEqual(stopped([]), ["purge"]);
});

Deno.test("of each container the present attempt stays and the one before it, for its logs", () => {
  const sandbox = observedOf("POD", "running");
  const removed = (last: "running" | "exited") => {
    const more = { backOffSeconds: 300 };
    const before = [0, 1, 2].map((attempt) => observedOf("c", "exited", { attempt }));
    const all = [sandbox, ...before, observedOf("c", last, { attempt: 3, ...more })];
    return planPod(factsOf(podOf(), all)).steps.map((step) => [step.type, (step as { id: string }).id]);
  };
  for (const last of ["running", "exited"] as const) {
    assert.deepEqual(removed(last), [["remove", "c-0"], ["remove", "c-1"]]);
  }
});

Deno.test("an ended pod keeps its containers; those of an evicted one go once the API server knows their end", () => {
  const ended = observedOf("c", "exited");
  const terminated = { name: "c", containerID: `docker://${ended.state.id}`, state: { terminated: { exitCode: 0 } } };
  const status = { phase: "Failed", containerStatuses: [terminated] };
  const stepsOf = (more: object) => planPod(factsOf(podOf({}, { status: { ...status, ...more } }), [ended])).steps;
  assert.deepEqual(stepsOf({ reason: "DeadlineExceeded" }), []);
  assert.deepEqual(stepsOf({ reason: "Evicted" }), [{ type: "remove", id: ended.state.id }]);
  assert.deepEqual(stepsOf({ reason: "Evicted", containerStatuses: [] }), []);
});

Deno.test("a container that is being stopped is not stopped twice", () => {
  assert.deepEqual(
    steps(podOf({}, going), [sandbox, observedOf("c", "running")], { stopping: new Map([["c-0", 0]]) }),
    [],
  );
});

Deno.test("a second delete with less grace cuts a stop that is under way", () => {
  const stopping = new Map([["c-0", noon + 30_000]]);
  const [step] = steps(podOf({}, going), [sandbox, observedOf("c", "running")], { stopping });
  assert.equal(step?.type === "stop" && step.grace, 0);
});

Deno.test("an ephemeral container starts once, and its end is nobody's", () => {
  const pod = podOf({ restartPolicy: "Never", ephemeralContainers: [{ name: "e", image: "i" }] });
  const running = [sandbox, observedOf("c", "running")];
  assert.deepEqual(steps(pod, running), [{ type: "start", name: "e", attempt: 0, backOffSeconds: 0 }]);
  assert.deepEqual(steps(pod, [...running, observedOf("e", "exited")]), []);
  assert.equal(planPod(factsOf(pod, [sandbox, ended(0), observedOf("e", "running")])).ended?.phase, "Succeeded");
});

Deno.test("a rule about exit codes restarts a container that its policy would let end", () => {
  const restartPolicyRules = [{ action: "Restart", exitCodes: { operator: "In" as const, values: [42] } }];
  const pod = podOf({ containers: [{ name: "c", image: "i", restartPolicy: "Never", restartPolicyRules }] });
  assert.equal(steps(pod, [sandbox, ended(42)])[0]?.type, "start");
  assert.equal(planPod(factsOf(pod, [sandbox, ended(1)])).ended?.phase, "Failed");
});

Deno.test("a failed liveness probe stops the container with the probe's own grace", () => {
  const verdict = () => ({ started: true, ready: true, failed: { probe: "Liveness" as const, graceSeconds: 3 } });
  assert.deepEqual(steps(podOf(), [sandbox, observedOf("c", "running")], { verdict }), [{
    type: "stop",
    id: "c-0",
    name: "c",
    message: "Container c failed liveness probe, will be restarted",
    grace: 3,
  }]);
});

Deno.test("a pod past its deadline fails with reason DeadlineExceeded", () => {
  const pod = podOf({ activeDeadlineSeconds: 60 }, { status: { phase: "Running", startTime: "2026-01-01T11:59:00Z" } });
  assert.equal(planPod(factsOf(pod, [sandbox, observedOf("c", "running")])).ended?.reason, "DeadlineExceeded");
});

Deno.test("a new image restarts the container", () => {
  const pod = podOf({ containers: [{ name: "c", image: "other" }] });
  const [step] = steps(pod, [sandbox, observedOf("c", "running")]);
  assert.equal(step?.type === "stop" && step.message, "Container c definition changed, will be restarted");
});
