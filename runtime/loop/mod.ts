/**
 * What runs every loop of d8s: a controller is a value, the runner owns the rest.
 *
 * A loop whose keys are objects of one kind reads like this:
 *
 * ```ts
 * export const replicaSets = controller(ReplicaSet, {
 *   name: "replicaset",
 *   owns: [Pod],                                     // a change of a pod makes its ReplicaSet due
 *   async reconcile(key, { read, children, apply, status }) {
 *     const set = read(key);
 *     if (!set) return done;                         // level, never event
 *     const plan = planReplicas(set, children(Pod, set)); // pure: no I/O, no clock, no randomness
 *     await apply(plan.writes);                      // creating(Pod, …), deleting(Pod, …): values
 *     await status(set, plan.status);                // only when it differs
 *     return plan.settled ? done : requeueAfter(5_000);
 *   },
 * });
 * ```
 *
 * Any other loop is a plain `Controller` value: `{ name, sources, reconcile }`, with sources made by `watches`, `owned`,
 * `mapped`, `reads`, `every` and `signalled`. `reads(kind)` makes nothing due, but the local copy of the kind is complete
 * before the first reconcile. Inside a reconcile `informers.of(kind).get(key)` and `.list()` cost no request; objects
 * are frozen, so copy before changing one.
 *
 * `start` may be called again on the same value (leadership lost and won): state belongs there, not in the closure.
 */
export * from "./back_off.ts";
export * from "./client.ts";
export * from "./clock.ts";
export * from "./controller.ts";
export * from "./controller_of.ts";
export { ownInformer } from "./informers.ts";
export * from "./leader_election.ts";
export * from "./metrics.ts";
export * from "./owner.ts";
export * from "./queue.ts";
export * from "./recorder.ts";
export * from "./run_controllers.ts";
export * from "./sources.ts";
export * from "./writes.ts";
export { sameJson } from "../schema/mod.ts";
