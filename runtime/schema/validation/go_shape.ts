/**
 * Values as upstream prints them when it shows a struct of its own: Go's names, in Go's order, absent fields with their zero
 * value. Only the structs that some refusal shows are here.
 */

/** A field by its Go name; with a shape of its own, or with the zero value that stands for absence (null where not said). */
type GoField = string | readonly [name: string, inner: GoShape | "" | 0];
export type GoShape = readonly GoField[];

/** JSON names that are not Go's with a small first letter. */
const jsonNames: Readonly<Record<string, string>> = {
  SELinuxOptions: "seLinuxOptions",
  GMSACredentialSpecName: "gmsaCredentialSpecName",
  GMSACredentialSpec: "gmsaCredentialSpec",
};

export function goPrinted(shape: GoShape, value: object | undefined): Record<string, unknown> {
  const held = (value ?? {}) as Record<string, unknown>;
  return Object.fromEntries(shape.map((field) => {
    const [name, inner] = typeof field === "string" ? [field, undefined] as const : field;
    return [name, printed(held[jsonNames[name] ?? name[0]!.toLowerCase() + name.slice(1)], inner)];
  }));
}

function printed(value: unknown, inner: GoShape | "" | 0 | undefined): unknown {
  if (value === undefined || value === null) return typeof inner === "object" ? null : inner ?? null;
  if (typeof inner !== "object") return value;
  return Array.isArray(value) ? value.map((item) => goPrinted(inner, item)) : goPrinted(inner, value as object);
}

const texts = (...names: string[]): GoShape => names.map((name) => [name, ""] as const);

export const seccompShape: GoShape = [["Type", ""], "LocalhostProfile"];

export const securityContextShape: GoShape = [
  ["Capabilities", ["Add", "Drop"]],
  "Privileged",
  ["SELinuxOptions", texts("User", "Role", "Type", "Level")],
  ["WindowsOptions", ["GMSACredentialSpecName", "GMSACredentialSpec", "RunAsUserName", "HostProcess"]],
  "RunAsUser",
  "RunAsGroup",
  "RunAsNonRoot",
  "ReadOnlyRootFilesystem",
  "AllowPrivilegeEscalation",
  "ProcMount",
  ["SeccompProfile", seccompShape],
  ["AppArmorProfile", seccompShape],
];

export const podClaimShape: GoShape = [["Name", ""], "ResourceClaimName", "ResourceClaimTemplateName"];
export const tolerationShape: GoShape = [...texts("Key", "Operator", "Value", "Effect"), "TolerationSeconds"];
export const successPolicyShape: GoShape = [["Rules", ["SucceededIndexes", "SucceededCount"]]];
export const deploymentStrategyShape: GoShape = [
  ["Type", ""],
  ["RollingUpdate", [["MaxUnavailable", 0], ["MaxSurge", 0]]],
];
export const partitionShape: GoShape = [["Partition", 0], "MaxUnavailable"];
export const taintShape: GoShape = [...texts("Key", "Value", "Effect"), "TimeAdded"];
export const budgetShape: GoShape = ["MinAvailable", "Selector", "MaxUnavailable", "UnhealthyPodEvictionPolicy"];
export const ruleShape: GoShape = [
  ...texts("Rule", "Message", "MessageExpression"),
  "Reason",
  ["FieldPath", ""],
  "OptionalOldSelf",
];
