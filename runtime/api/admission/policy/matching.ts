/** Whether a policy or a binding of it means a request. */
import { compileLabelSelector, type Resource } from "../../../schema/mod.ts";
import type { ResourceRegistry } from "../../resource_registry.ts";
import type { AdmissionRequest, ClusterView } from "../admission.ts";
import { ruleMeans } from "../webhooks/rules.ts";
import type { MatchResources, NamedRule, Selector } from "./declared.ts";

type Predicate = (labels?: Record<string, string>) => boolean;

const selectors = new WeakMap<object, Predicate>();

/** By the selector in the stored object. */
export function selectorOf(selector: Selector = {}): Predicate {
  const known = selectors.get(selector);
  if (known) return known;
  const made = compileLabelSelector(selector);
  selectors.set(selector, made);
  return made;
}

/** The row in whose version the policy wants the object; `undefined`: it is not meant. */
export function meantRow(
  match: MatchResources,
  request: AdmissionRequest,
  view: ClusterView,
  registry: ResourceRegistry,
): Resource | undefined {
  if (!inNamespace(match, request, view) || !isSelected(match, request)) return undefined;
  const named = (rule: NamedRule) => !rule.resourceNames?.length || rule.resourceNames.includes(request.name);
  const meant = (rules: readonly NamedRule[] = [], row: Resource) =>
    rules.some((rule) => named(rule) && ruleMeans(rule, asked(request, row)));
  const rows = match.matchPolicy === "Exact" ? [request.resource] : equivalents(request.resource, registry);
  if (rows.some((row) => meant(match.excludeResourceRules, row))) return undefined;
  if (!match.resourceRules) return request.resource;
  return rows.find((row) => meant(match.resourceRules, row));
}

function equivalents(resource: Resource, registry: ResourceRegistry): readonly Resource[] {
  const { storagePrefix } = resource;
  return [resource, ...registry.all().filter((row) => row !== resource && row.storagePrefix === storagePrefix)];
}

function asked({ operation, subresource = "", namespace }: AdmissionRequest, row: Resource) {
  const { group, version, plural } = row;
  return { operation, group, version, plural, subresource, namespaced: row.namespaced && namespace !== "" };
}

function inNamespace({ namespaceSelector }: MatchResources, request: AdmissionRequest, view: ClusterView): boolean {
  if (!namespaceSelector || Object.keys(namespaceSelector).length === 0) return true;
  const { resource, namespace, object, old } = request;
  const matches = selectorOf(namespaceSelector);
  if (resource.group === "" && resource.plural === "namespaces") return matches((object ?? old)?.metadata?.labels);
  if (!resource.namespaced) return true;
  return matches(view.get("", "namespaces", "", namespace)?.metadata.labels);
}

function isSelected({ objectSelector }: MatchResources, { object, old }: AdmissionRequest): boolean {
  if (!objectSelector || Object.keys(objectSelector).length === 0) return true;
  const matches = selectorOf(objectSelector);
  return [object, old].some((state) => state !== undefined && matches(state.metadata?.labels));
}
