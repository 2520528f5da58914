/**
 * Is this object one that the server may store? Pure, in upstream's words, after defaults are applied. Custom resources
 * get the rules about metadata here; their schema's rules come with their schema.
 */
import type { FieldError } from "../field_error.ts";
import type { KubeObject } from "../object.ts";
import { apiVersionOf, type Resource } from "../resource.ts";
import { validateEnums } from "./enums.ts";
import { validateMetadata, validateMetadataUpdate } from "./metadata.ts";
import { validatorsPerKind } from "./per_kind.ts";
import { statusValidators } from "./per_status.ts";
import { Report } from "./report.ts";

/**
 * With `old` the rules about change apply too, unless a subresource was written: it changes what its owner may change
 * (binding a pod, resizing it), and `prepareForUpdate` has kept the rest. No faults: it may be stored.
 */
export function validateObject(
  resource: Resource,
  object: KubeObject,
  old?: KubeObject,
  subresource?: string,
): FieldError[] {
  const report = new Report();
  const meta = report.at("metadata");
  if (old) validateMetadataUpdate(resource, object.metadata ?? {}, old.metadata ?? {}, meta);
  else validateMetadata(resource, object.metadata ?? {}, meta);
  if (resource.type.name !== "") validateKind(resource, object, report, old, subresource);
  report.faults.push(...resource.validate?.(object, old, subresource) ?? []);
  return report.faults;
}

function validateKind(
  resource: Resource,
  object: KubeObject,
  report: Report,
  old: KubeObject | undefined,
  subresource: string | undefined,
): void {
  validateEnums(resource.type, object, report);
  const kind = `${apiVersionOf(resource)} ${resource.kind}`;
  const validators = validatorsPerKind.get(kind);
  validators?.object?.(object, report);
  if (old && subresource === "status") statusValidators.get(kind)?.(object, old, report);
  if (!old && !subresource) validators?.create?.(object, report);
  if (old && !subresource) validators?.update?.(object, old, report);
  if (old) validators?.write?.(object, old, report, subresource);
}

/** Only what the version that a client speaks asks of an object beyond what the stored version does. */
export function validateSpoken(resource: Resource, object: KubeObject): FieldError[] {
  const report = new Report();
  validatorsPerKind.get(`${apiVersionOf(resource)} ${resource.kind}`)?.object?.(object, report);
  return report.faults;
}
