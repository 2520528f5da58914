/**
 * The little that the agent keeps in mind about a pod: what is under way, and what it has said. All of it may be lost at any
 * time; docker and the API server then tell again, at the cost of some work done twice.
 */
import type { Allocation } from "../pod/allocation.ts";
import type { ProcessUser } from "../pod/container_status.ts";
import type { Pod } from "../pod/pod.ts";
import type { Ending, Waiting } from "../pod/pod_plan.ts";

export interface PodMemory {
  /** The pod as the last write of its status returned it: newer than the informer for a moment. */
  latest?: Pod;
  /** Why containers could not be started, by name. */
  readonly failures: Map<string, Waiting>;
  /** Containers that are being stopped, and until when they have to stop by themselves. */
  readonly stopping: Map<string, number>;
  /** Termination messages, by container id. */
  readonly messages: Map<string, string>;
  /** Who containers began as, by id. */
  readonly users: Map<string, ProcessUser>;
  /** Containers whose back-off was told in an Event. */
  readonly toldBackOff: Set<string>;
  /** Attempts in a row that failed for the pod as a whole. */
  failedSyncs: number;
  /** The last addresses that the pod had: what has ended keeps them in its status. */
  podIps?: readonly string[];
  /** Why a resize waits, or failed. */
  resizePending?: Allocation["pending"];
  resizeError?: string;
  /** The node ends it; `over` is called when no container runs any more. */
  ending?: Ending & { readonly over: () => void };
  /** It has ended, and has no volumes any more. */
  released?: boolean;
  /** When the content of a volume gets old. */
  renewAt?: number;
}

export class PodMemories {
  readonly #byUid = new Map<string, PodMemory>();

  of(uid: string): PodMemory {
    const present = this.#byUid.get(uid);
    if (present) return present;
    const memory: PodMemory = {
      failures: new Map(),
      stopping: new Map(),
      messages: new Map(),
      users: new Map(),
      toldBackOff: new Set(),
      failedSyncs: 0,
    };
    this.#byUid.set(uid, memory);
    return memory;
  }

  forget(uid: string): void {
    this.#byUid.delete(uid);
  }
}
