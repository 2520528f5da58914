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
import { badRequest } from "./refusals.ts";

/** In place. Throws BadRequest in upstream's words. */
export function decodeBody(resource: Resource, object: KubeObject, call: WriteCall): void {
  checkKind(resource, object);
  const wrong = checkTypes(resource.type, object);
  if (wrong.length > 0) throw cannotBeHandled(resource, wrong, object.metadata?.name);
  const unknown = pruneUnknown(resource.type, object);
  reportFaults(resource, { unknown, duplicate: call.duplicateFields ?? [] }, call);
}

/** Strict: refused; Warn: told; Ignore: nothing. */
export function reportFaults(
  resource: Resource,
  fields: { readonly unknown: readonly string[]; readonly duplicate: readonly string[] },
  { fieldValidation, warn }: WriteCall,
): void {
  if (fieldValidation === "Ignore" || fields.unknown.length + fields.duplicate.length === 0) return;
  if (fieldValidation === "Strict") throw strictDecodingError(resource, fields);
  for (const fault of strictFaults(fields)) warn?.(fault);
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
  if (typeof object.metadata !== "object" || object.metadata === null) object.metadata = {};
}
