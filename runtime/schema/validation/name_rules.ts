/** Which grammar the names of a kind follow; RFC 1123 subdomains where nothing else is said. */
import { groupResourceOf, type Resource } from "../resource.ts";
import { canonicalIp } from "./addresses.ts";
import { dnsLabel, dnsSubdomain, type NameRule, pathSegment } from "./names.ts";

const rules: ReadonlyMap<string, NameRule> = new Map<string, NameRule>([
  ["namespaces", dnsLabel],
  ["services", dnsLabel],
  ["clusterroles.rbac.authorization.k8s.io", pathSegment],
  ["clusterrolebindings.rbac.authorization.k8s.io", pathSegment],
  ["roles.rbac.authorization.k8s.io", pathSegment],
  ["rolebindings.rbac.authorization.k8s.io", pathSegment],
  ["apiservices.apiregistration.k8s.io", pathSegment],
  ["certificatesigningrequests.certificates.k8s.io", pathSegment],
  ["ipaddresses.networking.k8s.io", canonicalIp],
]);

export function nameRuleOf(resource: Pick<Resource, "group" | "plural">): NameRule {
  return rules.get(groupResourceOf(resource)) ?? dnsSubdomain;
}
