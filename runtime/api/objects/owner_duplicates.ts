/** An owner that is named twice in the same words counts once, and the client is told. */
import { type KubeObject, type OwnerReference, sameJson } from "../../schema/mod.ts";
import type { WriteCall } from "../operations.ts";

const fate = "API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; " +
  "please fix your requests; duplicate UID(s) observed: ";

/** In place. A patch is judged by what it makes. */
export function dropRepeatedOwners({ metadata }: KubeObject, { warn }: WriteCall, patched = false): void {
  const owners = metadata?.ownerReferences;
  if (!owners || owners.length < 2) return;
  const isFirst = (owner: OwnerReference, i: number) => owners.findIndex((other) => sameJson(other, owner)) === i;
  const repeated = owners.filter((owner, i) => !isFirst(owner, i));
  if (repeated.length === 0) return;
  metadata.ownerReferences = owners.filter(isFirst);
  const when = patched ? " after mutating admission happens" : "";
  const uids = [...new Set(repeated.map(({ uid }) => uid))].join(", ");
  warn?.(`.metadata.ownerReferences contains duplicate entries${when}; ${fate}${uids}`);
}
