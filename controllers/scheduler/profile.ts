/** Which rules apply to the pods that name a scheduler, and in which order: the first filter that says no gives the reason. */
import type { FilterPlugin, ScorePlugin } from "./plugin.ts";

export interface Profile {
  readonly schedulerName: string;
  readonly filters: readonly FilterPlugin[];
  readonly scores: readonly ScorePlugin[];
  /** Of all nodes, so many per cent that fit are enough to choose from; 0: fewer, the more there are. */
  readonly percentageOfNodesToScore: number;
  /** Absent: nobody makes room for anybody. */
  readonly preemption?: PreemptionExtent;
  /** So long may a volume take that is made for a pod. Absent: volumes are not this scheduler's business. */
  readonly bindTimeoutMs?: number;
  /** So long may devices take to be ready that are attached for a pod. Absent: devices are not this scheduler's business. */
  readonly deviceTimeoutMs?: number;
}

/** On how many nodes it is worked out who would have to go: the larger of both. */
export interface PreemptionExtent {
  readonly minCandidateNodesPercentage: number;
  readonly minCandidateNodesAbsolute: number;
}
