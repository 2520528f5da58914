/** The row of a built-in kind, and objects taken through what the API server does to them. */
import { applyDefaults } from "../../runtime/schema/defaults/apply_defaults.ts";
import type { KubeObject } from "../../runtime/schema/object.ts";
import { apiVersionOf, type Resource } from "../../runtime/schema/resource.ts";
import { builtinResources } from "../../runtime/schema/builtin/resources.ts";
import { concludeCreate, prepareForCreate } from "../../runtime/schema/strategy/prepare.ts";
import { validateObject } from "../../runtime/schema/validation/validate_object.ts";

export function resourceOf(kind: string, apiVersion?: string): Resource {
  const found = builtinResources.find((row) => row.kind === kind && (!apiVersion || apiVersionOf(row) === apiVersion));
  if (!found) throw new Error(`no built-in kind ${kind} ${apiVersion ?? ""}`);
  return found;
}

/** As it would be stored. */
export function created(kind: string, object: object): KubeObject {
  const resource = resourceOf(kind);
  const copy = structuredClone(object) as KubeObject;
  prepareForCreate(resource, copy);
  applyDefaults(resource, copy);
  concludeCreate(resource, copy);
  return copy;
}

/** What is wrong with a new object, as `field: message`. */
export function faultsOf(kind: string, object: object): string[] {
  return textOf(validateObject(resourceOf(kind), created(kind, object)));
}

/** What is wrong with a change from one object to another. */
export function faultsOfChange(kind: string, before: object, after: object): string[] {
  return textOf(validateObject(resourceOf(kind), created(kind, after), created(kind, before)));
}

function textOf(faults: readonly { field: string; message: string }[]): string[] {
  return faults.map(({ field, message }) => `${field}: ${message}`);
}
