/** Sends what was planned for EndpointSlices. */
import { applyWrites, creating, deleting, type LoopContext, updating } from "../../runtime/loop/mod.ts";
import { EndpointSlice, keyOf, refOf } from "../../runtime/schema/mod.ts";
import type { SliceObject, SlicePlan } from "./plan.ts";

/** What is new is there before what is old goes: an endpoint that moves is for a moment in two slices, never in none. */
export async function applySlices(plans: readonly SlicePlan[], context: LoopContext): Promise<void> {
  await applyWrites(plans.flatMap(({ create }) => create.map((slice) => creating(EndpointSlice, slice))), context);
  await applyWrites(plans.flatMap(({ update }) => update.map((slice) => updating(EndpointSlice, slice))), context);
  const gone = plans.flatMap(({ remove }) => remove);
  await applyWrites(
    gone.map((slice) => deleting(EndpointSlice, refOf(keyOf(slice)), { preconditions: { uid: slice.metadata.uid } })),
    context,
  );
}

/** A plan that only removes. */
export function removing(slices: readonly SliceObject[]): SlicePlan {
  return { create: [], update: [], remove: slices };
}
