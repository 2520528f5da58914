/** Deployments, ReplicaSets, DaemonSets, StatefulSets, ReplicationControllers: what keeps pods running. */
import type { IDaemonSet } from "kubernetes-models/apps/v1/DaemonSet";
import type { IDeployment } from "kubernetes-models/apps/v1/Deployment";
import type { IReplicaSet } from "kubernetes-models/apps/v1/ReplicaSet";
import type { IStatefulSet } from "kubernetes-models/apps/v1/StatefulSet";
import type { IPodTemplateSpec } from "kubernetes-models/v1/PodTemplateSpec";
import type { IReplicationController } from "kubernetes-models/v1/ReplicationController";
import { compileLabelSelector, type LabelSelector } from "../label_selector.ts";
import { deploymentStrategyShape, goPrinted, partitionShape } from "./go_shape.ts";
import { dnsLabel } from "./names.ts";
import { isNone, validateAtMostAll, validateCountOrPercent } from "./numbers.ts";
import { validatePodTemplate, validateTemplateMetadata } from "./pod_spec.ts";
import { type Report, sameJson } from "./report.ts";
import { atLeast, rules } from "./rules.ts";
import { goSelector, validateLabelSelector } from "./selectors.ts";
import { validateClaim } from "./storage.ts";

interface Owner {
  selector?: LabelSelector;
  template?: IPodTemplateSpec;
}

interface Kind {
  /** As in messages about its selector and about its pods' deadline. */
  readonly called: string;
  readonly name: string;
  /** Of a selector that cannot select; undefined: it is not said again. */
  readonly invalid?: string;
}

const deployment: Kind = { called: "deployment", name: "ReplicaSet", invalid: "invalid label selector" };
const statefulSet: Kind = { called: "statefulset", name: "StatefulSet", invalid: "" };
const daemonSet: Kind = { called: "daemonset", name: "DaemonSet" };

/** The selector is there, selects something, and selects the pods of the template, which run for ever. */
function validatePods({ selector, template }: Owner, kind: Kind, report: Report): void {
  const place = report.at("selector");
  const before = report.faults.length;
  if (!selector && kind !== daemonSet) place.required();
  validateLabelSelector(selector, place);
  const isFaulty = selector !== undefined && report.faults.length > before;
  const isEmpty = !Object.keys(selector?.matchLabels ?? {}).length && !selector?.matchExpressions?.length;
  if (selector && isEmpty) place.invalid(goSelector(selector), `empty selector is invalid for ${kind.called}`);
  if (isFaulty && kind.invalid !== undefined) return place.invalid(goSelector(selector), kind.invalid);
  if (!isFaulty && !(selector && isEmpty)) validateSelected(selector, template, report.at("template"));
  validateForeverTemplate(template, kind, report.at("template"));
}

function validateSelected(
  selector: LabelSelector | undefined,
  template: IPodTemplateSpec | undefined,
  report: Report,
): void {
  const labels = template?.metadata?.labels;
  if (selector && compileLabelSelector(selector)(labels)) return;
  report.at("metadata", "labels").invalid(labels, "`selector` does not match template `labels`");
}

function validateForeverTemplate(
  template: IPodTemplateSpec | undefined,
  kind: Pick<Kind, "name">,
  report: Report,
): void {
  validatePodTemplate(template, report);
  if (kind === statefulSet) validateTemplateMetadata(template, report);
  const policy = template?.spec?.restartPolicy;
  if (policy && policy !== "Always") report.at("spec", "restartPolicy").notSupported(policy, ["Always"]);
  if (template?.spec?.activeDeadlineSeconds !== undefined) {
    report.at("spec", "activeDeadlineSeconds").forbidden(`activeDeadlineSeconds in ${kind.name} is not Supported`);
  }
}

export function validateDeployment({ spec }: IDeployment, report: Report): void {
  const place = report.at("spec");
  place.at("replicas").nonNegative(spec?.replicas);
  validatePods(spec ?? {}, deployment, place);
  validateStrategy(spec?.strategy, place.at("strategy"));
  place.at("minReadySeconds").nonNegative(spec?.minReadySeconds);
  place.at("revisionHistoryLimit").nonNegative(spec?.revisionHistoryLimit);
  const deadline = spec?.progressDeadlineSeconds;
  place.at("progressDeadlineSeconds").nonNegative(deadline);
  if (deadline !== undefined && deadline <= (spec?.minReadySeconds ?? 0)) {
    place.at("progressDeadlineSeconds").invalid(deadline, "must be greater than minReadySeconds");
  }
}

type Strategy = NonNullable<IDeployment["spec"]>["strategy"];

function validateStrategy(strategy: Strategy, report: Report): void {
  const rolling = strategy?.rollingUpdate;
  const place = report.at("rollingUpdate");
  const types = ["Recreate", "RollingUpdate"];
  if (!types.includes(strategy?.type ?? "")) {
    return report.notSupported(goPrinted(deploymentStrategyShape, strategy), types);
  }
  if (strategy?.type === "Recreate") {
    if (rolling) place.forbidden("may not be specified when strategy `type` is 'Recreate'");
    return;
  }
  validateCountOrPercent(rolling?.maxUnavailable, place.at("maxUnavailable"));
  validateCountOrPercent(rolling?.maxSurge, place.at("maxSurge"));
  if (isNone(rolling?.maxUnavailable) && isNone(rolling?.maxSurge)) {
    place.at("maxUnavailable").invalid(rolling!.maxUnavailable, "may not be 0 when `maxSurge` is 0");
  }
  validateAtMostAll(rolling?.maxUnavailable, place.at("maxUnavailable"));
}

export function validateReplicaSet({ spec }: IReplicaSet, report: Report): void {
  const place = report.at("spec");
  place.at("replicas").nonNegative(spec?.replicas);
  place.at("minReadySeconds").nonNegative(spec?.minReadySeconds);
  validatePods(spec ?? {}, deployment, place);
}

export function validateReplicationController({ spec }: IReplicationController, report: Report): void {
  const place = report.at("spec");
  place.at("minReadySeconds").nonNegative(spec?.minReadySeconds);
  const selector = spec?.selector ?? {};
  if (Object.keys(selector).length === 0) place.at("selector").required();
  place.at("replicas").nonNegative(spec?.replicas);
  if (!spec?.template) return place.at("template").required();
  const template = place.at("template");
  if (Object.keys(selector).length > 0) validateSelected({ matchLabels: selector }, spec.template, template);
  validateForeverTemplate(spec.template, { name: "ReplicationController" }, template);
}

const daemonStrategies = ["RollingUpdate", "OnDelete"];

export function validateDaemonSet({ spec }: IDaemonSet, report: Report): void {
  const place = report.at("spec");
  validatePods(spec ?? {} as Owner, daemonSet, place);
  place.at("minReadySeconds").nonNegative(spec?.minReadySeconds);
  const { type, rollingUpdate } = spec?.updateStrategy ?? {};
  const strategy = place.at("updateStrategy");
  if (type && !daemonStrategies.includes(type)) {
    strategy.notSupported({ Type: type, RollingUpdate: null }, daemonStrategies);
  }
  if (type === "RollingUpdate" && rollingUpdate) validateRolling(rollingUpdate, strategy.at("rollingUpdate"));
  place.at("revisionHistoryLimit").nonNegative(spec?.revisionHistoryLimit);
}

interface Rolling {
  readonly maxUnavailable?: string | number;
  readonly maxSurge?: string | number;
}

/** A node runs one pod of the set, and while it is replaced none or two. */
function validateRolling({ maxUnavailable, maxSurge }: Rolling, report: Report): void {
  for (const [field, value] of Object.entries({ maxUnavailable, maxSurge })) {
    validateCountOrPercent(value, report.at(field));
    validateAtMostAll(value, report.at(field));
  }
  const [unavailable, surge] = [maxUnavailable, maxSurge].map((value) =>
    isNone(value) || Number.isNaN(parseInt(`${value}`))
  );
  if (!unavailable && !surge) {
    report.at("maxSurge").invalid(maxSurge, "may not be set when maxUnavailable is non-zero");
  }
  if (unavailable && surge) report.at("maxUnavailable").required("cannot be 0 when maxSurge is 0");
}

const retained = ["Retain", "Delete"];

export function validateStatefulSet({ spec }: IStatefulSet, report: Report): void {
  const place = report.at("spec");
  const policy = spec?.podManagementPolicy;
  if (policy && policy !== "OrderedReady" && policy !== "Parallel") {
    place.at("podManagementPolicy").invalid(policy, "must be 'OrderedReady' or 'Parallel'");
  }
  validateSetStrategy(spec?.updateStrategy, place.at("updateStrategy"));
  for (const field of ["whenDeleted", "whenScaled"] as const) {
    const choice = spec?.persistentVolumeClaimRetentionPolicy?.[field];
    if (choice) place.at("persistentVolumeClaimRetentionPolicy", field).oneOf(choice, retained);
  }
  spec?.volumeClaimTemplates?.forEach((claim, i) => validateClaim(claim, place.at("volumeClaimTemplates", i)));
  place.at("replicas").nonNegative(spec?.replicas);
  place.at("minReadySeconds").nonNegative(spec?.minReadySeconds);
  place.at("ordinals", "start").nonNegative(spec?.ordinals?.start);
  if (spec?.serviceName) place.at("serviceName").named(spec.serviceName, dnsLabel);
  validatePods({ selector: spec?.selector, template: withClaims(spec) }, statefulSet, place);
}

type SetStrategy = NonNullable<IStatefulSet["spec"]>["updateStrategy"];

function validateSetStrategy({ type, rollingUpdate }: SetStrategy = {}, report: Report): void {
  const rolling = rollingUpdate && goPrinted(partitionShape, rollingUpdate);
  if (type && type !== "RollingUpdate" && type !== "OnDelete") {
    return report.invalid({ Type: type, RollingUpdate: rolling ?? null }, "must be 'RollingUpdate' or 'OnDelete'");
  }
  const place = report.at("rollingUpdate");
  if (type === "OnDelete") {
    if (rolling) place.invalid(rolling, "only allowed for updateStrategy 'RollingUpdate'");
    return;
  }
  place.at("partition").nonNegative(rollingUpdate?.partition);
  const { maxUnavailable } = rollingUpdate ?? {};
  validateCountOrPercent(maxUnavailable, place.at("maxUnavailable"));
  if (maxUnavailable !== undefined && !parseInt(`${maxUnavailable}`)) {
    place.at("maxUnavailable").invalid(maxUnavailable, "cannot be 0");
  }
  validateAtMostAll(maxUnavailable, place.at("maxUnavailable"));
}

/** The pods' volumes as they will be: a claim of its own stands for what has its name. */
function withClaims(spec: IStatefulSet["spec"]): IPodTemplateSpec | undefined {
  const { template, volumeClaimTemplates = [] } = spec ?? {};
  if (!template?.spec || volumeClaimTemplates.length === 0) return template;
  const names = [...new Set(volumeClaimTemplates.map(({ metadata }) => metadata?.name ?? ""))];
  const claims = names.map((name) => ({ name, persistentVolumeClaim: { claimName: name } }));
  const others = (template.spec.volumes ?? []).filter(({ name }) => !names.includes(name));
  return { ...template, spec: { ...template.spec, volumes: [...claims, ...others] } };
}

interface WithSelector {
  spec?: { selector?: object };
}

export function validateSelectorUpdate(object: WithSelector, old: WithSelector, report: Report): void {
  report.at("spec", "selector").immutable(object.spec?.selector, old.spec?.selector);
}

const changeable = [
  "replicas",
  "ordinals",
  "template",
  "updateStrategy",
  "revisionHistoryLimit",
  "persistentVolumeClaimRetentionPolicy",
  "minReadySeconds",
];

export function validateStatefulSetUpdate(set: IStatefulSet, old: IStatefulSet, report: Report): void {
  // The claims' own kind says nothing.
  const fixed = ({ volumeClaimTemplates, ...spec }: Partial<NonNullable<IStatefulSet["spec"]>> = {}) => ({
    ...Object.fromEntries(Object.entries(spec).filter(([field]) => !changeable.includes(field))),
    claims: volumeClaimTemplates?.map(({ apiVersion: _, kind: __, ...claim }) => claim),
  });
  if (sameJson(fixed(set.spec), fixed(old.spec))) return;
  const quoted = changeable.map((field) => `'${field}'`);
  const list = `${quoted.slice(0, -1).join(", ")} and ${quoted.at(-1)}`;
  report.at("spec").forbidden(`updates to statefulset spec for fields other than ${list} are forbidden`);
}

export const validateRevision = rules(
  ["data", (value, report) => {
    if (value === undefined || value === null) report.required("data is mandatory");
    else if (typeof value !== "object" || Array.isArray(value)) report.required("data must be a valid JSON object");
  }],
  ["revision", atLeast(0, "must be greater than or equal to 0")],
);
