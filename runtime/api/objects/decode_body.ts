/**
 * From what a client sent to an object of the kind that it was sent for: names checked, unknown fields dropped or refused,
 * wrong JSON types refused.
 */
import {
  apiVersionOf,
  cannotBeHandled,
  checkTypes,
  type KubeObject,
  pruneUnknown,
  type Resource,
  strictDecodingError,
  strictFaults,
  typeOf,
} from "../../schema/mod.ts";
import type { WriteCall } from "../operations.ts";
import { inDocumentOrder } from "./fault_order.ts";
import { copyJson } from "./json_value.ts";
import { badRequest } from "./refusals.ts";

/** In place. Throws BadRequest in upstream's words. */
export function decodeBody(resource: Resource, object: KubeObject, call: WriteCall): void {
  checkKind(resource, object);
  const wrong = checkTypes(resource.type, object);
  if (wrong.length > 0) throw cannotBeHandled(resource, wrong, object.metadata?.name);
  const { duplicateFields: duplicate = [] } = call;
  // Pruning takes away what the order of faults is read from. Of custom resources upstream tells duplicates first.
  const document = duplicate.length > 0 && resource.type.name !== "" ? copyJson(object) : undefined;
  const unknown = pruneUnknown(resource.type, object);
  reportFaults(resource, { unknown, duplicate }, call, document);
}

/** Strict: refused; Warn: told; Ignore: nothing. */
export function reportFaults(
  resource: Resource,
  fields: { readonly unknown: readonly string[]; readonly duplicate: readonly string[] },
  { fieldValidation, warn }: WriteCall,
  document?: unknown,
): void {
  if (fieldValidation === "Ignore" || fields.unknown.length + fields.duplicate.length === 0) return;
  const faults = document ? inDocumentOrder(strictFaults(fields), document) : strictFaults(fields);
  if (fieldValidation === "Strict") throw strictDecodingError(resource, fields, faults);
  for (const fault of faults) warn?.(fault);
}

function checkKind(resource: Resource, object: KubeObject): void {
  const expected = apiVersionOf(resource);
  const apiVersion = object.apiVersion ||= expected;
  const kind = object.kind ||= resource.kind;
  object.metadata ??= {};
  if (apiVersion === expected && kind === resource.kind) return;
  if (apiVersion.split("/").length > 2) {
    const start = JSON.stringify(object).slice(0, 24);
    const why = `unexpected GroupVersion string: ${apiVersion} (${start} ...)`;
    throw badRequest(`the object provided is unrecognized (must be of type ${resource.kind}): ${why}`);
  }
  if (kind === resource.kind && (resource.type.name === "" || isOtherVersion(resource, apiVersion))) {
    throw badRequest(
      `the API version in the data (${apiVersion}) does not match the expected API version (${expected})`,
    );
  }
  const version = apiVersion.slice(apiVersion.indexOf("/") + 1);
  throw badRequest(
    `${kind} in version ${JSON.stringify(version)} cannot be handled as a ${resource.kind}: ` +
      (typeOf(apiVersion, kind) ? unlike(resource, version, kind) : unknownKind(apiVersion, kind)),
  );
}

/** Of groups and versions that kinds have left, they are still known. */
function isOtherVersion({ group }: Resource, apiVersion: string): boolean {
  const [before = "", version] = apiVersion.split("/");
  return version !== undefined && (before === group || before === "extensions") &&
    /^v\d+((alpha|beta)\d+)?$/.test(version);
}

/** Upstream names the packages of its types. */
function unlike({ group, kind }: Resource, version: string, given: string): string {
  return `converting (${version}.${given}) to (${group.split(".")[0] || "core"}.${kind}): unknown conversion`;
}

function unknownKind(apiVersion: string, kind: string): string {
  const names = `${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)}`;
  return `no kind ${names} in scheme "pkg/runtime/scheme.go:111"`;
}
