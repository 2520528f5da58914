/**
 * Which address families a Service has: what it asks for, filled in by what it had and by what the cluster is configured
 * for. Pure.
 *
 * Source: KEP-563 (dual-stack) and the API reference of `ipFamilies`, `ipFamilyPolicy`, `clusterIPs`.
 */
import { familyOf, type IpFamily } from "../../schema/mod.ts";
import { isHeadless, type ServiceSpec } from "./service.ts";

/** `field` of `spec`, its value, and what is wrong with it. */
export type FamilyFault = readonly [field: string, value: unknown, why: string];

/** In place. `families`: of the cluster, the usual one first. */
export function fillFamilies(spec: ServiceSpec, families: readonly IpFamily[]): FamilyFault[] {
  if (spec.type === "ExternalName") return [];
  // Its endpoints are somebody else's: they may be of any family.
  const open = isHeadless(spec) && Object.keys(spec.selector ?? {}).length === 0;
  spec.ipFamilyPolicy ??= impliedPolicy(spec, open, families);
  const faults = policyFaults(spec, open, families);
  if (faults.length > 0) return faults;
  const asked = spec.ipFamilies?.length ?? 0;
  const chosen = spec.ipFamilies = chosenFamilies(spec, families[0]!);
  const usable: readonly IpFamily[] = open ? ["IPv4", "IPv6"] : families;
  if (chosen.length === 1 && spec.ipFamilyPolicy !== "SingleStack") {
    chosen.push(...(["IPv4", "IPv6"] as const).filter((one) => one !== chosen[0] && usable.includes(one)));
  }
  return chosen.flatMap((family, i): FamilyFault[] => {
    if (usable.includes(family as IpFamily)) return [];
    if (i < asked) return [[`ipFamilies[${i}]`, family, "not configured on this cluster"]];
    return [[`clusterIPs[${i}]`, spec.clusterIPs, `${family} is not configured on this cluster`]];
  });
}

/** A cluster of one family does not take two for a wish. */
function impliedPolicy(
  { ipFamilies = [], clusterIPs = [] }: ServiceSpec,
  open: boolean,
  families: readonly IpFamily[],
): string {
  const two = ipFamilies.length > 1 || clusterIPs.length > 1;
  return two && families.length > 1 || open ? "RequireDualStack" : "SingleStack";
}

function policyFaults(spec: ServiceSpec, open: boolean, families: readonly IpFamily[]): FamilyFault[] {
  const { ipFamilyPolicy, ipFamilies = [], clusterIPs = [] } = spec;
  if (ipFamilyPolicy === "RequireDualStack" && families.length < 2 && !open) {
    return [["ipFamilyPolicy", ipFamilyPolicy, "this cluster is not configured for dual-stack services"]];
  }
  if (ipFamilyPolicy !== "SingleStack") return [];
  const tooMany = (what: string): FamilyFault => [
    "ipFamilyPolicy",
    ipFamilyPolicy,
    `must be 'RequireDualStack' or 'PreferDualStack' when multiple ${what} are specified`,
  ];
  return [
    ...(ipFamilies.length > 1 ? [tooMany("IP families")] : []),
    ...(clusterIPs.length > 1 ? [tooMany("cluster IPs")] : []),
  ];
}

/** The addresses that are asked for say which family they are of. */
function chosenFamilies({ ipFamilies = [], clusterIPs = [] }: ServiceSpec, usual: IpFamily): string[] {
  const asked = clusterIPs.map(familyOf).filter((family) => family !== undefined);
  const chosen = [...ipFamilies, ...asked.slice(ipFamilies.length)];
  return chosen.length > 0 ? chosen : [usual];
}
