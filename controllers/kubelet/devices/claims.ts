/** Devices of ResourceClaims: the node has no drivers that could prepare them, so a pod with claims does not begin. */
import { type Pod, specOf } from "../pod/pod.ts";

/** Throws when the pod claims devices. */
export function checkClaims(pod: Pod): void {
  const names = (specOf(pod).resourceClaims ?? []).map(({ name }) => name);
  if (names.length === 0) return;
  throw new Error(`no DRA driver is registered on this node that could prepare the claims [${names.join(" ")}]`);
}
