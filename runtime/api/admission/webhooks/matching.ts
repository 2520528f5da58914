/**
 * Whether a webhook is asked about a request, and in which version of the kind: the one that its rules name, where the
 * request came in another that is stored alike (`matchPolicy: Equivalent`).
 */
import type { Resource } from "../../../schema/mod.ts";
import type { ResourceRegistry } from "../../resource_registry.ts";
import type { AdmissionRequest, ClusterView } from "../admission.ts";
import { type Asked, ruleMeans } from "./rules.ts";
import type { Webhook } from "./webhook.ts";

/** Who could stop these from being put right would lock everybody out. */
const neverAsked = new Set([
  "mutatingwebhookconfigurations",
  "validatingwebhookconfigurations",
  "validatingadmissionpolicies",
  "validatingadmissionpolicybindings",
  "mutatingadmissionpolicies",
  "mutatingadmissionpolicybindings",
]);

const reviews = new Set(["authentication.k8s.io", "authorization.k8s.io"]);

export function mayBeAsked({ resource: { group, plural } }: AdmissionRequest): boolean {
  return !(group === "admissionregistration.k8s.io" && neverAsked.has(plural)) && !reviews.has(group);
}

/** The row in whose version the webhook wants it; `undefined`: it is not asked. */
export function matchedResource(
  webhook: Webhook,
  request: AdmissionRequest,
  view: ClusterView,
  registry: ResourceRegistry,
): Resource | undefined {
  const matched = byRules(webhook, request, registry);
  if (!matched || !inSelectedNamespace(webhook, request, view)) return undefined;
  return isSelected(webhook, request) ? matched : undefined;
}

function byRules(
  { rules = [], matchPolicy }: Webhook,
  request: AdmissionRequest,
  registry: ResourceRegistry,
): Resource | undefined {
  const { resource } = request;
  const meant = (row: Resource) => rules.some((rule) => ruleMeans(rule, askedAs(request, row)));
  if (meant(resource)) return resource;
  if (matchPolicy === "Exact") return undefined;
  const prefix = resource.storagePrefix;
  return registry.all().find((row) => row !== resource && row.storagePrefix === prefix && meant(row));
}

function askedAs({ operation, subresource = "", namespace }: AdmissionRequest, row: Resource): Asked {
  const { group, version, plural } = row;
  return { operation, group, version, plural, subresource, namespaced: row.namespaced && namespace !== "" };
}

/** What is in no namespace is always in the selected ones; a Namespace is judged by its own labels. */
function inSelectedNamespace(webhook: Webhook, request: AdmissionRequest, view: ClusterView): boolean {
  const { resource, namespace, object, old } = request;
  if (resource.group === "" && resource.plural === "namespaces") {
    return webhook.namespaceMatches((object ?? old)?.metadata?.labels);
  }
  if (!resource.namespaced) return true;
  return webhook.namespaceMatches(view.get("", "namespaces", "", namespace)?.metadata.labels);
}

/** Either state of the object counts, so that nothing escapes by dropping a label. */
function isSelected({ objectMatches }: Webhook, { object, old }: AdmissionRequest): boolean {
  const states = [object, old].filter((state) => state !== undefined);
  return states.length === 0 ? objectMatches({}) : states.some(({ metadata }) => objectMatches(metadata?.labels));
}
