/**
 * PodSecurity: pods keep to the level that their namespace's labels name. `enforce` refuses pods; `warn` tells whoever
 * writes a pod or a template of pods.
 */
import {
  type FieldError,
  groupResourceOf,
  invalid,
  type KubeObject,
  sameJson,
  type Stored,
} from "../../../schema/mod.ts";
import { forbidden } from "../../objects/refusals.ts";
import type { AdmissionPlugin, AdmissionRequest, ClusterView } from "../admission.ts";
import { plural, type Pod } from "./pod.ts";
import { noDefaults, type PodSecurityDefaults } from "./configuration.ts";
import {
  type Defaults,
  labelFaults,
  type Policy,
  policyOf,
  prefix,
  reasons,
  shownPolicy,
  violations,
} from "./policy.ts";

/** Where each kind keeps its template of pods. */
const templates: Readonly<Record<string, readonly string[]>> = {
  "podtemplates": ["template"],
  "replicationcontrollers": ["spec", "template"],
  "replicasets.apps": ["spec", "template"],
  "deployments.apps": ["spec", "template"],
  "statefulsets.apps": ["spec", "template"],
  "daemonsets.apps": ["spec", "template"],
  "jobs.batch": ["spec", "template"],
  "cronjobs.batch": ["spec", "jobTemplate", "spec", "template"],
};

export function podSecurity({ defaults, exemptions }: PodSecurityDefaults = noDefaults): AdmissionPlugin {
  return {
    name: "PodSecurity",
    validate(request, view) {
      const { operation, resource, object, namespace, user } = request;
      if (operation !== "CREATE" && operation !== "UPDATE" || !object) return;
      const kind = groupResourceOf(resource);
      if (kind === "namespaces") return checkNamespace(request, view, defaults);
      if (kind !== "pods" && !templates[kind]) return;
      if (exemptions.namespaces.includes(namespace) || exemptions.usernames.includes(user.name)) return;
      const pod = kind === "pods" ? changedPod(request) : templateIn(object, templates[kind]!, request.subresource);
      if (!pod || exemptions.runtimeClasses.includes(pod.spec.runtimeClassName ?? "")) return;
      const labels = view.get("", "namespaces", "", namespace)?.metadata.labels;
      if (kind === "pods") enforce(request, pod, policyOf(labels, "enforce", defaults));
      warn(request, pod, policyOf(labels, "warn", defaults));
      note(request, pod, policyOf(labels, "audit", defaults));
    },
  };
}

/** An update that leaves the spec alone makes nothing worse. */
function changedPod({ operation, subresource, object, old }: AdmissionRequest): Pod | undefined {
  if (subresource && subresource !== "ephemeralcontainers") return undefined;
  if (operation === "UPDATE" && sameJson(object!.spec, old?.spec)) return undefined;
  return object!.spec ? object as unknown as Pod : undefined;
}

function templateIn(object: KubeObject, path: readonly string[], subresource: string | undefined): Pod | undefined {
  if (subresource) return undefined;
  let found: unknown = object;
  for (const field of path) found = (found as Record<string, unknown> | undefined)?.[field];
  return (found as Pod | undefined)?.spec ? found as Pod : undefined;
}

function enforce({ resource, name, annotate }: AdmissionRequest, pod: Pod, policy: Policy | undefined): void {
  annotate?.(`${prefix}enforce-policy`, policy ? `${policy.level}:${policy.version}` : "privileged:latest");
  const found = policy && violations(pod, policy);
  if (found) throw forbidden(resource, name, `violates PodSecurity ${shownPolicy(policy)}: ${found}`);
}

function warn({ warn }: AdmissionRequest, pod: Pod, policy: Policy | undefined): void {
  const found = policy && violations(pod, policy);
  if (found) warn(`would violate PodSecurity ${shownPolicy(policy)}: ${found}`);
}

function note({ annotate }: AdmissionRequest, pod: Pod, policy: Policy | undefined): void {
  const found = annotate && policy && violations(pod, policy);
  if (found) annotate(`${prefix}audit-violations`, `would violate PodSecurity ${shownPolicy(policy)}: ${found}`);
}

/** Labels must be such, and pods that are there already and break a new rule are told of. */
function checkNamespace(request: AdmissionRequest, view: ClusterView, defaults: Defaults): void {
  const { resource, name, object, old, subresource, warn } = request;
  if (subresource) return;
  const labels = object!.metadata?.labels;
  const errors = labelFaults(labels).map(({ label, value, message }): FieldError => ({
    reason: "FieldValueInvalid",
    field: `metadata.labels[${label}]`,
    message: `Invalid value: ${JSON.stringify(value)}: ${message}`,
  }));
  if (errors.length > 0) throw invalid(resource, name, errors);
  const policy = policyOf(labels, "enforce", defaults);
  if (!old || !policy || sameJson(policy, policyOf(old.metadata.labels, "enforce", defaults))) return;
  const breaking = Map.groupBy(view.list("", "pods", name), (pod) => reasons(pod as unknown as Pod, policy));
  breaking.delete("");
  if (breaking.size === 0) return;
  warn(
    `existing pods in namespace ${JSON.stringify(name)} violate the new PodSecurity enforce level ${
      shownPolicy(policy)
    }`,
  );
  for (const [why, pods] of breaking) warn(`${namesOf(pods)}: ${why}`);
}

/** The first of them, and how many more. */
function namesOf(pods: readonly Stored[]): string {
  const [first] = pods.map(({ metadata }) => metadata.name).sort();
  const others = pods.length - 1;
  return others === 0 ? first! : `${first} (and ${others} other ${plural("pod", others)})`;
}
