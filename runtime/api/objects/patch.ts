/** PATCH in its four forms: three that change the document, and apply, which merges by field owner. */
import {
  apiVersionOf,
  cannotBeHandled,
  checkTypes,
  invalid,
  isReason,
  type Json,
  type KubeObject,
  required,
  type Resource,
  type Stored,
} from "../../schema/mod.ts";
import { applyObject } from "../managed_fields/mod.ts";
import type { PatchBody, Target, WriteCall, Written } from "../operations.ts";
import { applyJsonPatch, applyMergePatch, applyStrategicMergePatch } from "../patch/mod.ts";
import { createDecoded } from "./create.ts";
import { decodeBody, reportFaults } from "./decode_body.ts";
import { copyJson } from "./json_value.ts";
import { type Machinery, timestamp } from "./machinery.ts";
import { type Changed, modify } from "./modify.ts";
import { resetManagers } from "./managed.ts";
import { dropRepeatedOwners } from "./owner_duplicates.ts";
import { badRequest, conflict, nameUndetermined } from "./refusals.ts";
import { fromStored, newToStored, storedTarget, toStored, versionsOf } from "./versions.ts";

export async function patch(m: Machinery, target: Target, patch: PatchBody, call: WriteCall): Promise<Written> {
  if (patch.type === "apply") return await apply(m, target, patch, call);
  const { resource } = target;
  const revision = await modify(m, storedTarget(m, target), { ...call, spoken: resource }, (live) => {
    const object = patched(resource, fromStored(resource, live), patch);
    decodeBody(resource, object, call);
    dropRepeatedOwners(object, call, true);
    resetManagers(object);
    return { object: toStored(resource, object) };
  });
  return { revision, created: false };
}

/** A new document; `live` stays as it is. */
export function patched(
  { type }: Pick<Resource, "type">,
  live: KubeObject,
  { type: form, body }: PatchBody,
): KubeObject {
  const document = copyJson(live) as unknown as Json;
  if (form === "json") return applyJsonPatch(document, body) as KubeObject;
  if (form === "merge") return applyMergePatch(document, body) as KubeObject;
  return applyStrategicMergePatch(document, body, type) as KubeObject;
}

async function apply(
  m: Machinery,
  target: Target,
  { body, force = false }: PatchBody,
  call: WriteCall,
): Promise<Written> {
  const stored = storedTarget(m, target);
  const { resource } = target;
  const manager = mustName(call);
  checkApplied(target, body as unknown as KubeObject);
  reportFaults(target.resource, { unknown: [], duplicate: call.duplicateFields ?? [] }, call);
  // An applied field that the schema doesn't know is refused whatever the caller says: nobody could own it.
  const strict = { ...call, fieldValidation: "Strict", duplicateFields: [] } as const;
  const options = {
    applied: body as unknown as KubeObject,
    resource,
    manager,
    force,
    subresource: call.subresource ?? "",
    now: timestamp(m.clock.now()),
    versions: versionsOf(m, resource),
  };
  const change = (live: Stored): Changed => {
    const shown = fromStored(resource, live) as Stored;
    const result = applyObject({ ...options, live: shown });
    if (result === shown) return { object: copyJson(live) as KubeObject, managed: true };
    const object = copyJson(result);
    decodeBody(resource, object, strict);
    return { object: toStored(resource, object), managed: true };
  };
  try {
    return { revision: await modify(m, stored, call, change), created: false };
  } catch (error) {
    if (!isReason(error, "NotFound") || call.subresource || error.details.name !== target.name) throw error;
  }
  const { uid } = options.applied.metadata ?? {};
  if (uid) throw conflict(resource, target.name, `uid mismatch: ${noneOf(uid)}`);
  const object = copyJson(applyObject(options));
  decodeBody(resource, object, strict);
  return { revision: await createDecoded(m, stored, newToStored(resource, object), call, true), created: true };
}

function noneOf(uid: string): string {
  return `the provided object specified uid ${uid}, and no existing object was found`;
}

/** The field manager; throws Invalid for an apply without one. */
export function mustName({ fieldManager }: WriteCall): string {
  if (fieldManager) return fieldManager;
  throw invalid({ group: "meta.k8s.io", kind: "PatchOptions" }, "", [
    required("fieldManager", "is required for apply patch"),
  ]);
}

function checkApplied({ name, namespace, resource }: Target, applied: KubeObject): void {
  if (typeof applied !== "object" || applied === null || Array.isArray(applied)) {
    throw badRequest("error decoding YAML: the apply patch must be an object");
  }
  const { apiVersion = "", kind = "" } = applied;
  if (apiVersion !== apiVersionOf(resource) || kind !== resource.kind) {
    const groupVersion = apiVersion.includes("/") ? apiVersion : `/${apiVersion}`;
    throw badRequest(`invalid object type: ${groupVersion}, Kind=${kind}`);
  }
  const metadata = applied.metadata ??= {};
  const wrong = checkTypes(resource.type.fields.get("metadata")!.type, metadata);
  if (wrong.length > 0) {
    throw cannotBeHandled(resource, wrong.map((fault) => ({ ...fault, field: `metadata.${fault.field}` })), name);
  }
  if (metadata.managedFields) throw badRequest("metadata.managedFields must be nil");
  if (!metadata.name) throw nameUndetermined(name);
  if (metadata.name !== name) {
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`);
  }
  if (resource.namespaced) metadata.namespace ??= namespace;
}
