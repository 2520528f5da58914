/** Keeps `metadata.managedFields` true for writes that are not applies. */
import type { KubeObject, Resource, Stored } from "../../schema/mod.ts";
import { trackUpdate } from "../managed_fields/mod.ts";
import type { WriteCall } from "../operations.ts";
import { type Machinery, timestamp } from "./machinery.ts";

export function track(
  m: Machinery,
  resource: Resource,
  updated: KubeObject,
  live: Stored | undefined,
  call: WriteCall,
): void {
  const manager = call.fieldManager ?? "unknown";
  const now = timestamp(m.clock.now());
  const entries = trackUpdate({ live, updated, resource, manager, subresource: call.subresource ?? "", now });
  if (entries.length > 0) updated.metadata!.managedFields = entries;
  else delete updated.metadata!.managedFields;
}
