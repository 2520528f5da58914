/**
 * Groups below k8s.io and kubernetes.io are the project's: a definition in them says where it was approved.
 * Source: KEP-1111, "api-approved.kubernetes.io".
 */
import { type FieldError, required, type Stored } from "../../schema/mod.ts";

const annotation = "api-approved.kubernetes.io";
const missing = `protected groups must have approval annotation "${annotation}", see ` +
  "https://github.com/kubernetes/enhancements/pull/1111";

function isProtected(group: string): boolean {
  return /(^|\.)(k8s\.io|kubernetes\.io)$/.test(group);
}

export function approvalFaults(group: string, annotations: Record<string, string> = {}): FieldError[] {
  if (!isProtected(group) || annotations[annotation]) return [];
  return [required(`metadata.annotations[${annotation}]`, missing)];
}

export interface Approval {
  readonly type: "KubernetesAPIApprovalPolicyConformant";
  readonly status: "True" | "False";
  readonly reason: string;
  readonly message: string;
}

/** `undefined`: the group is its author's own. */
export function approvalOf(group: string, { metadata }: Stored): Approval | undefined {
  if (!isProtected(group)) return undefined;
  const type = "KubernetesAPIApprovalPolicyConformant";
  const said = metadata.annotations?.[annotation];
  if (!said) return { type, status: "False", reason: "MissingAnnotation", message: missing };
  if (said.startsWith("unapproved")) {
    return { type, status: "False", reason: "UnapprovedAnnotation", message: `not approved: ${JSON.stringify(said)}` };
  }
  if (URL.canParse(said)) return { type, status: "True", reason: "ApprovedAnnotation", message: `approved in ${said}` };
  const message =
    `protected groups must have approval annotation ${JSON.stringify(annotation)} with either a URL or a ` +
    `reason starting with "unapproved", see https://github.com/kubernetes/enhancements/pull/1111`;
  return { type, status: "False", reason: "InvalidAnnotation", message };
}
