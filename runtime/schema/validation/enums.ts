/**
 * Fields with a closed set of values, from the table of types: one rule for all kinds. Status is the business of those
 * who write it and is not looked at.
 */
import type { FieldNode, TypeNode } from "../type_node.ts";
import { compiledPerNode } from "../decode/node_cache.ts";
import type { Report } from "./report.ts";

type EnumCheck = (value: unknown, report: Report) => void;

/** Fields whose wrong values upstream reports in other words, by the validator of their kind. */
const wordedElsewhere = new Set([
  "v1.AppArmorProfileType",
  "v1.AzureDataDiskCachingMode",
  "v1.AzureDataDiskKind",
  "v1.IPFamilyPolicy",
  "v1.ServiceAffinity",
  "v1.ServiceExternalTrafficPolicy",
  "v1.ServiceInternalTrafficPolicy",
  "v1.ServiceType",
  "v1.CompletionMode",
  "v1.ConcurrencyPolicy",
  "v1.PodFailurePolicyAction",
  "v1.PodFailurePolicyOnExitCodesOperator",
  "v1.PodReplacementPolicy",
  "v1.PersistentVolumeMode",
  "v1.VolumeBindingMode",
  "v1.DNSPolicy",
  "v1.MountPropagationMode",
  "v1.NodeInclusionPolicy",
  "v1.PodFSGroupChangePolicy",
  "v1.ProcMountType",
  "v1.Protocol",
  "v1.PullPolicy",
  "v1.RestartPolicy",
  "v1.SeccompProfileType",
  "v1.SupplementalGroupsPolicy",
  "v1.TerminationMessagePolicy",
  "v1.TolerationOperator",
  "v1.UnsatisfiableConstraintAction",
  "v1.URIScheme",
  "v1.NodeSelectorOperator",
  "v1.ResourceQuotaScope",
  "v1.HostPathType",
  "v1.IPFamily",
  "v1.Signal",
  "v1.PersistentVolumeAccessMode",
  "v1.PersistentVolumeReclaimPolicy",
  "v1.DaemonSetUpdateStrategyType",
  "v1.DeploymentStrategyType",
  "v1.StatefulSetUpdateStrategyType",
  "v1.PodManagementPolicyType",
  "v1.SideEffectClass",
]);

/** Lists that upstream prints in another order than the alphabet's, or without values that are not in use yet. */
const printed: Readonly<Record<string, readonly string[]>> = {
  "v1.PreemptionPolicy": ["PreemptLowerPriority", "Never"],
  "v1.TaintEffect": ["NoSchedule", "PreferNoSchedule", "NoExecute"],
  "v1.PolicyType": ["Ingress", "Egress"],
};

export function validateEnums(type: TypeNode, value: object, report: Report): void {
  if (type.type !== "struct") return;
  for (const [name, field] of type.fields) {
    if (name === "status" || name === "metadata") continue;
    const inner = (value as Record<string, unknown>)[name];
    if (inner !== undefined) enumCheck(field.type)?.(inner, report.at(name));
  }
}

const enumCheck = compiledPerNode<EnumCheck>((node) => {
  if (node.type === "struct") return checkFields(node.fields);
  if (node.type === "list") return checkItems(node.items);
  if (node.type !== "string" || !node.enum || wordedElsewhere.has(node.goName ?? "")) return undefined;
  const list = printed[node.goName ?? ""] ?? node.enum;
  const values = new Set(list);
  return (value, report) => {
    if (value !== "" && !values.has(value as string)) report.notSupported(value, list);
  };
});

function checkFields(fields: ReadonlyMap<string, FieldNode>): EnumCheck | undefined {
  const checks: [string, EnumCheck][] = [];
  for (const [name, field] of fields) {
    if (name === "status" && field.type.type === "struct") continue;
    const check = enumCheck(field.type);
    if (check) checks.push([name, check]);
  }
  if (checks.length === 0) return undefined;
  return (value, report) => {
    if (typeof value !== "object" || value === null) return;
    for (const [name, check] of checks) {
      const inner = (value as Record<string, unknown>)[name];
      if (inner !== undefined) check(inner, report.at(name));
    }
  };
}

function checkItems(items: TypeNode): EnumCheck | undefined {
  const check = enumCheck(items);
  return check && ((value, report) => {
    if (Array.isArray(value)) value.forEach((item, i) => check(item, report.at(i)));
  });
}
