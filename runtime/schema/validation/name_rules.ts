/** Which grammar the names of a kind follow; RFC 1123 subdomains where nothing else is said. */
import { groupResourceOf, type Resource } from "../resource.ts";
import { canonicalAddress } from "./ip_text.ts";
import { dnsLabel, dnsSubdomain, type NameRule, pathSegment } from "./names.ts";

/** Of kinds whose rules upstream generates from the types, sizes are in bytes. */
const declaredSubdomain: NameRule = (text) => dnsSubdomain(text).map((fault) => fault.replace(/characters$/, "bytes"));

const rules: ReadonlyMap<string, NameRule> = new Map<string, NameRule>([
  ["namespaces", dnsLabel],
  ["events", pathSegment],
  ["services", dnsLabel],
  ["statefulsets.apps", dnsLabel],
  ["replicationcontrollers", declaredSubdomain],
  ["clusterroles.rbac.authorization.k8s.io", pathSegment],
  ["clusterrolebindings.rbac.authorization.k8s.io", pathSegment],
  ["roles.rbac.authorization.k8s.io", pathSegment],
  ["rolebindings.rbac.authorization.k8s.io", pathSegment],
  ["apiservices.apiregistration.k8s.io", pathSegment],
  ["certificatesigningrequests.certificates.k8s.io", pathSegment],
  // The rest is said beside the signer.
  ["clustertrustbundles.certificates.k8s.io", pathSegment],
  ["ipaddresses.networking.k8s.io", canonicalAddress],
]);

/** Kinds whose finalizers need not be Kubernetes' own to do without a domain. */
const anyFinalizer = new Set([
  "events",
  "leases.coordination.k8s.io",
  "runtimeclasses.node.k8s.io",
  "poddisruptionbudgets.policy",
  "customresourcedefinitions.apiextensions.k8s.io",
]);

export function takesAnyFinalizer(resource: Pick<Resource, "group" | "plural">): boolean {
  return resource.group === "admissionregistration.k8s.io" || anyFinalizer.has(groupResourceOf(resource));
}

/** The prefix of a generated name is looked at by itself, but for these. */
export function takesAnyPrefix(resource: Pick<Resource, "group" | "plural">): boolean {
  return groupResourceOf(resource) === "replicationcontrollers";
}

export function nameRuleOf(resource: Pick<Resource, "group" | "plural">): NameRule {
  return rules.get(groupResourceOf(resource)) ?? dnsSubdomain;
}
