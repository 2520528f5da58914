/**
 * The one error that crosses rooms: what the API server renders as a `Status` and what clients throw when they get one.
 *
 * Source: meta/v1 Status; wording follows Kubernetes because people search for it.
 */

export type Reason =
  | "Unauthorized"
  | "Forbidden"
  | "NotFound"
  | "AlreadyExists"
  | "Conflict"
  | "Gone"
  | "Invalid"
  | "ServerTimeout"
  | "StoreReadError"
  | "Timeout"
  | "TooManyRequests"
  | "BadRequest"
  | "MethodNotAllowed"
  | "NotAcceptable"
  | "RequestEntityTooLarge"
  | "UnsupportedMediaType"
  | "InternalError"
  | "Expired"
  | "ServiceUnavailable"
  | "";

export interface StatusCause {
  /** `FieldValueInvalid`, `FieldValueRequired`, `FieldManagerConflict`, ... */
  reason?: string;
  message?: string;
  /** Path of the field, such as `spec.containers[0].name`. */
  field?: string;
}

export interface StatusDetails {
  name?: string;
  group?: string;
  /** Resource (plural) or kind, as upstream fills it per reason. */
  kind?: string;
  uid?: string;
  causes?: StatusCause[];
  retryAfterSeconds?: number;
}

/** Body of an error answer: `kind: Status`, `apiVersion: v1`, `status: Failure`. */
export interface Status {
  kind: "Status";
  apiVersion: "v1";
  metadata: Record<string, string>;
  status: "Success" | "Failure";
  message?: string;
  reason?: string;
  details?: StatusDetails;
  code?: number;
}

const codes: Record<Reason, number> = {
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  AlreadyExists: 409,
  Conflict: 409,
  Gone: 410,
  Invalid: 422,
  ServerTimeout: 500,
  StoreReadError: 500,
  Timeout: 504,
  TooManyRequests: 429,
  BadRequest: 400,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  RequestEntityTooLarge: 413,
  UnsupportedMediaType: 415,
  InternalError: 500,
  Expired: 410,
  ServiceUnavailable: 503,
  "": 500,
};

const none: StatusDetails = {};

export class StatusError extends Error {
  override readonly name = "StatusError";
  readonly code: number;

  constructor(
    readonly reason: Reason,
    message: string,
    readonly details: StatusDetails = none,
    options: { code?: number; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.code = options.code ?? codes[reason];
  }

  toStatus(): Status {
    const { reason, message, code, details } = this;
    const status: Status = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message };
    if (reason) status.reason = reason;
    const told = Object.fromEntries(Object.entries(details).filter(([, value]) => value !== undefined && value !== ""));
    // What is refused before it is known what it is about keeps an empty place for that.
    const empty = details !== none && Object.keys(details).length === 0;
    if (Object.keys(told).length > 0 || empty || reason === "Forbidden") status.details = told;
    return { ...status, code };
  }
}

/** `pods "web" not found` */
export function notFound(resource: { group: string; plural: string }, name: string): StatusError {
  const { group, plural } = resource;
  const qualified = group ? `${plural}.${group}` : plural;
  return new StatusError("NotFound", `${qualified} "${name}" not found`, {
    name,
    group: group || undefined,
    kind: plural,
  });
}

export function isReason(error: unknown, ...reasons: Reason[]): error is StatusError {
  return error instanceof StatusError && reasons.includes(error.reason);
}
