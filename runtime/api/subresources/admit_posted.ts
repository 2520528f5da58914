/**
 * Admission of what is posted to a subresource: the Binding, Eviction or TokenRequest is what is created, not the object that it
 * is about. What the server then does for it is no request of its own, and is not admitted again.
 */
import type { KubeObject } from "../../schema/mod.ts";
import { type AdmissionRequest, admit } from "../admission/admission.ts";
import type { Machinery } from "../objects/machinery.ts";
import type { Target, WriteCall } from "../operations.ts";

/** Plugins change `object` in place. Throws their refusal. */
export async function admitPosted(
  m: Machinery,
  target: Target & { readonly subresource: string },
  object: KubeObject,
  { user, dryRun = false, warn = () => {}, annotate }: WriteCall,
): Promise<void> {
  const request: AdmissionRequest = { ...target, operation: "CREATE", object, user, dryRun, warn, annotate };
  await admit(m.admission, "admit", request, m.view);
  await admit(m.admission, "validate", request, m.view);
}
