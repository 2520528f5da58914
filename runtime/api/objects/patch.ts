/** PATCH in its four forms: three that change the document, and apply, which merges by field owner. */
import {
  apiVersionOf,
  invalid,
  invalidValue,
  isReason,
  type Json,
  type KubeObject,
  required,
  type Resource,
  type Stored,
} from "../../schema/mod.ts";
import { applyObject, checkTyped } from "../managed_fields/mod.ts";
import type { PatchBody, Target, WriteCall, Written } from "../operations.ts";
import { applyJsonPatch, applyMergePatch, applyStrategicMergePatch, goText } from "../patch/mod.ts";
import { createDecoded } from "./create.ts";
import { decodeBody, reportFaults } from "./decode_body.ts";
import { copyJson } from "./json_value.ts";
import { type Machinery, timestamp } from "./machinery.ts";
import { type Changed, checkPlace, modify } from "./modify.ts";
import { resetManagers } from "./managed.ts";
import { dropRepeatedOwners } from "./owner_duplicates.ts";
import { badRequest, nameUndetermined } from "./refusals.ts";
import { fromStored, newToStored, storedTarget, toStored, versionsOf } from "./versions.ts";

export async function patch(m: Machinery, target: Target, patch: PatchBody, call: WriteCall): Promise<Written> {
  if (patch.type === "apply") return await apply(m, target, patch, call);
  const { resource } = target;
  const revision = await modify(m, storedTarget(m, target), { ...call, spoken: resource }, (live) => {
    const object = patched(resource, fromStored(resource, live), patch);
    decodePatched({ ...target, call }, object, patch, () => patched(resource, fromStored(resource, live), patch));
    checkPlace(target, object);
    checkUid(target, object, live.metadata.uid);
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
  reportRepeated(target.resource, call);
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
    checkUid(target, object, live.metadata.uid, true);
    decodeBody(resource, object, strict);
    return { object: toStored(resource, object), managed: true };
  };
  try {
    return { revision: await modify(m, stored, call, change), created: false };
  } catch (error) {
    if (!isReason(error, "NotFound") || call.subresource || error.details.name !== target.name) throw error;
  }
  const object = copyJson(applyObject(options));
  checkUid(target, object, undefined, true);
  // Nothing can be newer or older than what is not there.
  delete object.metadata!.resourceVersion;
  decodeBody(resource, object, strict);
  return { revision: await createDecoded(m, stored, newToStored(resource, object), call, true), created: true };
}

const yamlFaults = "yaml: unmarshal errors:";

/** What is applied is read as YAML before anything is known of it, and its faults are told in other words. */
function reportRepeated(resource: Resource, call: WriteCall): void {
  const { duplicateFields: all = [], fieldValidation, warn } = call;
  const [told] = all.filter((fault) => fault.startsWith(yamlFaults));
  if (!told) return reportFaults(resource, { unknown: [], duplicate: all }, call);
  if (fieldValidation === "Strict") {
    throw badRequest(`error strict decoding YAML: error converting YAML to JSON: ${told}`);
  }
  if (fieldValidation !== "Ignore") told.split("\n  ").slice(1).forEach((line) => warn?.(line));
}

/** What does not fit the kind is told of the patch, and 422. `again` makes the object anew: decoding changes it. */
function decodePatched(
  { resource, name, call }: Target & { readonly call: WriteCall },
  object: KubeObject,
  { type, body }: PatchBody,
  again: () => KubeObject,
): void {
  try {
    decodeBody(resource, object, call);
  } catch (error) {
    const why = isReason(error, "BadRequest") && /cannot be handled as an? [^:]+: ([^]+)$/.exec(error.message)?.[1];
    if (!why) throw error;
    const value = type === "strategic" ? goText(body) : JSON.stringify(again());
    throw invalid({ group: "", kind: "" }, "", [invalidValue("patch", value, why)]);
  }
  if (!object.metadata?.name) throw nameUndetermined(name);
}

/** Who writes an object of another making is told as if it changed this one. Throws Invalid. */
function checkUid({ resource, name }: Target, { metadata }: KubeObject, live: string | undefined, twice = false): void {
  if (!metadata?.uid || metadata.uid === live) return;
  const fault = invalidValue("metadata.uid", metadata.uid, "field is immutable");
  throw invalid(resource, name, twice ? [fault, fault] : [fault]);
}

/** The field manager; throws Invalid for an apply without one. */
export function mustName({ fieldManager }: WriteCall): string {
  if (fieldManager) return fieldManager;
  throw invalid({ group: "meta.k8s.io", kind: "PatchOptions" }, "", [
    required("fieldManager", "is required for apply patch"),
  ]);
}

function checkApplied(target: Target, applied: KubeObject): void {
  const { name, resource } = target;
  if (typeof applied !== "object" || Array.isArray(applied)) {
    const type = Array.isArray(applied) ? "array" : typeof applied;
    const why = `while decoding JSON: json: cannot unmarshal ${type} into Go value of type map[string]interface {}`;
    throw badRequest(`error decoding YAML: error unmarshaling JSON: ${why}`);
  }
  const { apiVersion = "", kind = "" } = applied ?? {};
  if (apiVersion !== apiVersionOf(resource) || kind !== resource.kind) {
    const groupVersion = apiVersion.includes("/") ? apiVersion : `/${apiVersion}`;
    throw badRequest(`invalid object type: ${groupVersion}, Kind=${kind}`);
  }
  const metadata = applied.metadata ??= {};
  if (typeof metadata.name !== "string") checkTyped(resource, applied);
  if (metadata.managedFields) throw badRequest("metadata.managedFields must be nil");
  if (!metadata.name) throw nameUndetermined(name);
  checkPlace(target, { metadata: { ...metadata } });
}
