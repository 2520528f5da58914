/** The question that a webhook is asked and the answer that it gives: admission.k8s.io AdmissionReview. Pure. */
import { apiVersionOf, convert, type Json, type KubeObject, type Resource } from "../../../schema/mod.ts";
import type { AdmissionRequest } from "../admission.ts";
import type { Webhook } from "./webhook.ts";

const spoken = ["v1", "v1beta1"];

/** The first of the webhook's versions that we speak. Throws when there is none. */
export function reviewVersion({ admissionReviewVersions = [] }: Webhook): string {
  const version = admissionReviewVersions.find((one) => spoken.includes(one));
  if (version) return version;
  throw new Error("webhook does not accept known AdmissionReview versions (v1, v1beta1)");
}

/** `matched`: the row in whose version the webhook wants the object. */
export function reviewRequest(request: AdmissionRequest, matched: Resource, version: string, uid: string): Json {
  const { operation, resource, subresource, namespace, name, user, dryRun, object, old } = request;
  const to = apiVersionOf(matched);
  const own = subresource ? resource.subresources.find((row) => row.name === subresource) : undefined;
  const kindOf = (row: Resource) => ({ ...groupVersion(own ?? row), kind: object?.kind ?? own?.kind ?? row.kind });
  const rowOf = (row: Resource) => ({ ...groupVersion(row), resource: row.plural });
  const body = {
    uid,
    kind: kindOf(matched),
    resource: rowOf(matched),
    ...(subresource ? { subResource: subresource, requestSubResource: subresource } : {}),
    requestKind: kindOf(resource),
    requestResource: rowOf(resource),
    ...(name ? { name } : {}),
    ...(namespace ? { namespace } : {}),
    operation,
    userInfo: { username: user.name, uid: user.uid, groups: user.groups, extra: user.extra },
    object: object ? asVersion(object, resource, to) : null,
    oldObject: old ? asVersion(old, resource, to) : null,
    dryRun,
    options: optionsOf(operation),
  };
  return { kind: "AdmissionReview", apiVersion: `admission.k8s.io/${version}`, request: body } as unknown as Json;
}

function groupVersion({ group, version }: { group: string; version: string }) {
  return { group, version };
}

const options: Readonly<Record<string, string>> = {
  CREATE: "CreateOptions",
  UPDATE: "UpdateOptions",
  DELETE: "DeleteOptions",
};

function optionsOf(operation: string) {
  const kind = options[operation];
  return kind ? { kind, apiVersion: "meta.k8s.io/v1" } : null;
}

/** Kinds of one version, and what travels through subresources, are what they are. */
export function asVersion(object: KubeObject, resource: Resource, apiVersion: string): KubeObject {
  if (object.apiVersion === apiVersion || object.kind !== resource.kind) return object;
  // Custom resources without a conversion of their own differ in nothing but their version.
  return resource.type.name === "" ? { ...object, apiVersion } : convert(object, apiVersion);
}

export interface ReviewAnswer {
  readonly allowed: boolean;
  readonly status?: { code?: number; message?: string; reason?: string; status?: string; details?: object };
  /** Operations of a JSON patch. */
  readonly patch?: Json[];
  readonly warnings: readonly string[];
  readonly auditAnnotations: Readonly<Record<string, string>>;
}

/** Throws in upstream's words for whatever is not the answer to this question. */
export function reviewAnswer(text: string, version: string, uid: string): ReviewAnswer {
  const review = parse(text) as { kind?: string; apiVersion?: string; response?: Record<string, unknown> };
  const expected = `admission.k8s.io/${version}`;
  if (review?.kind !== "AdmissionReview" || review.apiVersion !== expected) {
    throw new Error(
      `expected webhook response of ${expected}, Kind=AdmissionReview, got ${review?.apiVersion}, Kind=${review?.kind}`,
    );
  }
  const { response } = review;
  if (!response) throw new Error("webhook response was absent");
  if (version === "v1" && response.uid !== uid) {
    throw new Error(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(response.uid ?? "")}`);
  }
  const warnings = Array.isArray(response.warnings) ? response.warnings.map(String) : [];
  const status = response.status as ReviewAnswer["status"];
  const auditAnnotations = annotationsOf(response);
  return { allowed: response.allowed === true, status, patch: patchOf(response, version), warnings, auditAnnotations };
}

function annotationsOf({ auditAnnotations }: Record<string, unknown>): Record<string, string> {
  if (typeof auditAnnotations !== "object" || auditAnnotations === null) return {};
  return Object.fromEntries(Object.entries(auditAnnotations).map(([key, value]) => [key, String(value)]));
}

function patchOf({ patch, patchType }: Record<string, unknown>, version: string): Json[] | undefined {
  if (!patch && !patchType) return undefined;
  if (!patch) throw new Error("webhook returned response.patchType but not response.patch");
  if (patchType !== "JSONPatch" && (version === "v1" || patchType)) {
    throw new Error(`webhook returned invalid response.patchType of ${JSON.stringify(patchType ?? "")}`);
  }
  return parse(new TextDecoder().decode(Uint8Array.fromBase64(String(patch)))) as Json[];
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`couldn't get version/kind; json parse error: ${(error as Error).message}`, { cause: error });
  }
}
