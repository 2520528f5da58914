/** What a plan for a pod is made from, and what it says. Types only. */
import type { ResourceLimits } from "../../../runtime/engine/mod.ts";
import type { Observed } from "../container/identity.ts";
import type { Pod } from "./pod.ts";

/** What the probes say about one container; a container without probes is started and ready. */
export interface Verdict {
  readonly started: boolean;
  readonly ready: boolean;
  /** The probe that says the container must be restarted, and the grace it allows. */
  readonly failed?: { readonly probe: "Liveness" | "Startup"; readonly graceSeconds?: number };
}

/** A pod that this node must not run: it fails with this. */
export interface Refusal {
  readonly reason: string;
  readonly message: string;
}

/** Why the node ends a pod that it ran, and how long it gives it. */
export interface Ending {
  readonly reason: string;
  readonly message: string;
  readonly graceSeconds: number;
}

export interface PodFacts {
  readonly pod: Pod;
  /** Containers and sandboxes, oldest attempt first. */
  readonly observed: readonly Observed[];
  /** The running sandbox has its addresses. */
  readonly networkReady: boolean;
  readonly verdict: (containerId: string) => Verdict;
  /** Containers that are being stopped already, and until when (milliseconds since the epoch) they have time. */
  readonly stopping: ReadonlyMap<string, number>;
  /** The node ends the pod itself. */
  readonly ending?: Ending;
  /** Why the node does not take the pod that it was given. */
  readonly refusal?: Refusal;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export type Step =
  | {
    readonly type: "stop";
    readonly id: string;
    readonly name: string;
    readonly message: string;
    readonly grace?: number;
  }
  | { readonly type: "remove"; readonly id: string }
  /** Change what a running container may use. */
  | { readonly type: "resize"; readonly id: string; readonly name: string; readonly limits: ResourceLimits }
  /** Unwire and remove a sandbox. */
  | { readonly type: "dropSandbox"; readonly id: string }
  /** Make one with this attempt, or wire the one that runs. */
  | { readonly type: "sandbox"; readonly attempt: number; readonly id?: string }
  | { readonly type: "start"; readonly name: string; readonly attempt: number; readonly backOffSeconds: number }
  /** Nothing runs any more: take everything of the pod away. */
  | { readonly type: "purge" };

export interface Waiting {
  readonly reason: string;
  readonly message?: string;
}

export interface PodPlan {
  readonly steps: readonly Step[];
  /** Why containers that don't run wait. */
  readonly waiting: ReadonlyMap<string, Waiting>;
  /** The pod has ended; it will start nothing any more. */
  readonly ended?: { readonly phase: "Succeeded" | "Failed"; readonly reason?: string; readonly message?: string };
  /** Milliseconds until a back-off or a deadline is over. */
  readonly againMs?: number;
}
