/** The refusals that every kind shares, in upstream's words. */
import { groupResourceOf, type Resource, type StatusDetails, StatusError } from "../../schema/mod.ts";

function detailsOf(resource: Resource, name: string): StatusDetails {
  return { name, ...(resource.group ? { group: resource.group } : {}), kind: resource.plural };
}

export function alreadyExists(resource: Resource, name: string): StatusError {
  return new StatusError(
    "AlreadyExists",
    `${groupResourceOf(resource)} "${name}" already exists`,
    detailsOf(resource, name),
  );
}

export function conflict(resource: Resource, name: string, why: string): StatusError {
  const message = `Operation cannot be fulfilled on ${groupResourceOf(resource)} "${name}": ${why}`;
  return new StatusError("Conflict", message, detailsOf(resource, name));
}

/** A write that insists on another object than the one that is there; `found` is empty where there is none. */
export function otherUid(resource: Resource, path: string, wanted: string, found: string): StatusError {
  const key = `${resource.storagePrefix.replace(/^\/registry/, "")}/${path}`;
  return conflict(
    resource,
    path.slice(path.indexOf("/") + 1),
    `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: ` +
      `Precondition failed: UID in precondition: ${wanted}, UID in object meta: ${found}`,
  );
}

/** Somebody else wrote in between. */
export function modified(resource: Resource, name: string): StatusError {
  return conflict(
    resource,
    name,
    "the object has been modified; please apply your changes to the latest version and try again",
  );
}

export function forbidden(resource: Resource, name: string, why: string, details: StatusDetails = {}): StatusError {
  return new StatusError("Forbidden", `${groupResourceOf(resource)} "${name}" is forbidden: ${why}`, {
    ...detailsOf(resource, name),
    ...details,
  });
}

export function badRequest(message: string): StatusError {
  return new StatusError("BadRequest", message);
}

/** `name` is that of the path. */
export function nameUndetermined(name: string): StatusError {
  return badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
}

export function methodNotAllowed(): StatusError {
  return new StatusError("MethodNotAllowed", "the server does not allow this method on the requested resource", {});
}

/** No such path, group, version or resource. */
export function noSuchPage(): StatusError {
  return new StatusError("NotFound", "the server could not find the requested resource", {});
}
