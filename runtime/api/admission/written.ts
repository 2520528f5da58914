/** Most plugins look at one thing only: the object that is being made of one kind. */
import { groupResourceOf, type KubeObject } from "../../schema/mod.ts";
import type { AdmissionRequest } from "./admission.ts";

/** The object when it is one of `kind` (`pods`, `ingresses.networking.k8s.io`) that is being created. */
export function created<T = KubeObject>(request: AdmissionRequest, kind: string): T | undefined {
  const { operation, subresource, resource, object } = request;
  if (operation !== "CREATE" || subresource || groupResourceOf(resource) !== kind) return undefined;
  return object as T;
}

/** As `created`, for changes of the object itself (not of a subresource). */
export function updated<T = KubeObject>(request: AdmissionRequest, kind: string): T | undefined {
  const { operation, subresource, resource, object } = request;
  if (operation !== "UPDATE" || subresource || groupResourceOf(resource) !== kind) return undefined;
  return object as T;
}
