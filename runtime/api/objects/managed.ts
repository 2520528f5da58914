/** Keeps `metadata.managedFields` true for writes that are not applies. */
import type { KubeObject, Resource, Stored } from "../../schema/mod.ts";
import { trackUpdate } from "../managed_fields/mod.ts";
import type { WriteCall } from "../operations.ts";
import { type Machinery, timestamp } from "./machinery.ts";
import { fromStored, versionsOf } from "./versions.ts";

export function track(
  m: Machinery,
  resource: Resource,
  updated: KubeObject,
  live: Stored | undefined,
  call: WriteCall,
): void {
  const spoken = call.spoken ?? resource;
  const entries = trackUpdate({
    live: live && fromStored(spoken, live),
    updated: fromStored(spoken, updated),
    resource: spoken,
    manager: call.fieldManager ?? "unknown",
    subresource: call.subresource ?? "",
    // A Scale has no managedFields, so what is changed through it is known by no time.
    now: call.subresource === "scale" ? "" : timestamp(m.clock.now()),
    versions: versionsOf(m, resource),
  });
  if (entries.length > 0) updated.metadata!.managedFields = entries;
  else delete updated.metadata!.managedFields;
}

/** No managers at all are asked for by an empty list, which would be lost on the way; one that says nothing means the same. */
export function resetManagers({ metadata }: KubeObject): void {
  if (metadata?.managedFields?.length === 0) metadata.managedFields = [{}];
}
