/** How long a kind may take to end: only pods take time, because a node must stop them. Seconds. */
import { groupResourceOf, type Resource, type Stored } from "../../schema/mod.ts";

interface PodFacts {
  readonly spec?: { readonly nodeName?: string; readonly terminationGracePeriodSeconds?: number };
  readonly status?: { readonly phase?: string };
}

export function takesTime(resource: Resource): boolean {
  return groupResourceOf(resource) === "pods";
}

export function graceFor(resource: Resource, live: Stored, wanted: number | undefined): number {
  if (!takesTime(resource)) return 0;
  const { spec, status } = live as PodFacts;
  // No node has it, or its node is done with it: there is nobody to wait for.
  if (!spec?.nodeName || status?.phase === "Failed" || status?.phase === "Succeeded") return 0;
  const grace = wanted ?? spec.terminationGracePeriodSeconds ?? 30;
  const asked = grace < 0 ? 1 : grace;
  const pending = live.metadata.deletionGracePeriodSeconds;
  if (!live.metadata.deletionTimestamp || pending === undefined) return asked;
  // A second delete may only shorten the wait, and one that names no time does not.
  return wanted === undefined ? pending : Math.min(asked, pending);
}
