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
  object.apiVersion ??= expected;
  object.kind ??= resource.kind;
  if (object.apiVersion !== expected) {
    const given = object.apiVersion;
    throw badRequest(
      `the API version in the data (${given}) does not match the expected API version (${expected})`,
    );
  }
  if (object.kind !== resource.kind) {
    throw badRequest(
      `${object.kind} in version "${resource.version}" cannot be handled as a ${resource.kind}: ` +
        `the kind in the data (${object.kind}) does not match the expected kind (${resource.kind})`,
    );
  }
  object.metadata ??= {};
}
