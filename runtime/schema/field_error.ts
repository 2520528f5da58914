/** What is wrong with one field, in upstream's words, and the Status that says so. */
import { StatusError } from "./status_error.ts";

export interface FieldError {
  readonly reason:
    | "FieldValueInvalid"
    | "FieldValueRequired"
    | "FieldValueForbidden"
    | "FieldValueNotSupported"
    | "FieldValueDuplicate"
    | "FieldValueTooLong"
    | "FieldValueTooMany"
    | "FieldValueTypeInvalid"
    | "FieldValueNotFound";
  /** `spec.containers[0].name`; empty for the object as a whole. */
  readonly field: string;
  /** Without the field: `Required value`, `Invalid value: "x": must be ...`. */
  readonly message: string;
}

/** `["spec", "containers", 0]` is `spec.containers[0]`. */
export function fieldPath(steps: readonly (string | number)[]): string {
  let path = "";
  for (const step of steps) {
    if (typeof step === "number") path += `[${step}]`;
    else path += path === "" ? step : `.${step}`;
  }
  return path;
}

/** Values as upstream quotes them: text in quotes, numbers bare, objects as JSON that is fit for HTML. */
export function shown(value: unknown): string {
  if (value === undefined || value === null) return "null";
  const text = JSON.stringify(value);
  return typeof value === "object" ? text.replace(/[<>&]/g, escaped) : text;
}

function escaped(mark: string): string {
  return `\\u00${mark.charCodeAt(0).toString(16)}`;
}

export function required(field: string, detail = ""): FieldError {
  return { reason: "FieldValueRequired", field, message: detail ? `Required value: ${detail}` : "Required value" };
}

export function invalidValue(field: string, value: unknown, detail: string): FieldError {
  const why = detail ? `: ${detail}` : "";
  return { reason: "FieldValueInvalid", field, message: `Invalid value: ${shown(value)}${why}` };
}

/** Of a whole whose parts are told apart from it: its value is not shown. */
export function invalidWhole(field: string, detail: string): FieldError {
  return { reason: "FieldValueInvalid", field, message: `Invalid value: ${detail}` };
}

export function forbidden(field: string, detail: string): FieldError {
  return { reason: "FieldValueForbidden", field, message: `Forbidden: ${detail}` };
}

export function duplicate(field: string, value: unknown, detail?: string): FieldError {
  const why = detail ? `: ${detail}` : "";
  return { reason: "FieldValueDuplicate", field, message: `Duplicate value: ${shown(value)}${why}` };
}

export function notFoundValue(field: string, value: unknown, detail?: string): FieldError {
  const why = detail ? `: ${detail}` : "";
  return { reason: "FieldValueNotFound", field, message: `Not found: ${shown(value)}${why}` };
}

/** `Unsupported value: "x": supported values: "a", "b"`, in the given order. */
export function notSupported(field: string, value: unknown, supported: readonly string[]): FieldError {
  const list = supported.map((word) => JSON.stringify(word)).join(", ");
  const message = `Unsupported value: ${shown(value)}${list ? `: supported values: ${list}` : ""}`;
  return { reason: "FieldValueNotSupported", field, message };
}

export function tooLong(field: string, maxBytes: number): FieldError {
  return {
    reason: "FieldValueTooLong",
    field,
    message: `Too long: may not be more than ${maxBytes} byte${maxBytes === 1 ? "" : "s"}`,
  };
}

export function tooMany(field: string, count: number, max: number): FieldError {
  return {
    reason: "FieldValueTooMany",
    field,
    message: `Too many: ${count}: must have at most ${max} item${max === 1 ? "" : "s"}`,
  };
}

/** 422: `Pod "x" is invalid: spec.a: Required value`, or `[a, b]` of several, with a cause for each. */
export function invalid(
  { group: spoken, kind, storageVersion }: { group: string; kind: string; storageVersion?: string },
  name: string,
  errors: FieldError[],
): StatusError {
  // Events of both groups are one kind of the core group.
  const group = storageVersion === undefined || storageVersion.includes("/") ? spoken : "";
  const texts = [...new Set(errors.map(({ field, message }) => `${field || "<nil>"}: ${message}`))];
  const list = texts.length === 1 ? texts[0] : `[${texts.join(", ")}]`;
  const qualified = group ? `${kind}.${group}` : kind;
  return new StatusError("Invalid", `${qualified} ${JSON.stringify(name)} is invalid: ${list}`, {
    name: name || undefined,
    group: group || undefined,
    kind,
    causes: errors.map(({ reason, message, field }) => ({ reason, message, field })),
  });
}

/**
 * For a body whose JSON does not fit the kind: 400 with the first fault only, as Go's decoder stops there; 422 with all of
 * them for custom resources, which upstream checks against their schema.
 */
export function cannotBeHandled(
  resource: { group: string; version: string; kind: string; type?: { readonly name: string } },
  errors: FieldError[],
  name = "",
): StatusError {
  const { version, kind, type } = resource;
  if (type?.name === "") return invalid(resource, name, errors);
  return new StatusError(
    "BadRequest",
    `${kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: ${errors[0]?.message}`,
  );
}

/** 400 of `fieldValidation=Strict`: unknown and repeated fields together, unknown ones last as upstream has them. */
export function strictDecodingError(
  resource: { version: string; kind: string },
  fields: { unknown: readonly string[]; duplicate: readonly string[] },
  faults: readonly string[] = strictFaults(fields),
): StatusError {
  return new StatusError(
    "BadRequest",
    `${resource.kind} in version ${JSON.stringify(resource.version)} cannot be handled as a ${resource.kind}: ` +
      `strict decoding error: ${faults.join(", ")}`,
  );
}

/** What `fieldValidation=Warn` puts into Warning headers, one text each. */
export function strictFaults(fields: { unknown: readonly string[]; duplicate: readonly string[] }): string[] {
  return [
    ...fields.duplicate,
    ...fields.unknown.map((path) => `unknown field ${JSON.stringify(path)}`),
  ];
}
