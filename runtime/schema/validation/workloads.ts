/** Deployments, ReplicaSets, DaemonSets, StatefulSets, ReplicationControllers: what keeps pods running. */
import type { IDaemonSet } from "kubernetes-models/apps/v1/DaemonSet";
import type { IDeployment } from "kubernetes-models/apps/v1/Deployment";
import type { IReplicaSet } from "kubernetes-models/apps/v1/ReplicaSet";
import type { IStatefulSet } from "kubernetes-models/apps/v1/StatefulSet";
import type { IPodTemplateSpec } from "kubernetes-models/v1/PodTemplateSpec";
import type { IReplicationController } from "kubernetes-models/v1/ReplicationController";
import { compileLabelSelector, type LabelSelector } from "../label_selector.ts";
import { isNone, validateAtMostAll, validateCountOrPercent } from "./numbers.ts";
import { validatePodTemplate } from "./pod_spec.ts";
import { type Report, sameJson } from "./report.ts";
import { atLeast, rules } from "./rules.ts";
import { validateLabelSelector } from "./selectors.ts";

interface Owner {
  selector?: LabelSelector;
  template?: IPodTemplateSpec;
}

/** The selector is there, selects something, and selects the pods of the template, which run for ever. */
function validatePods(spec: Owner, kind: string, report: Report): void {
  const selector = report.at("selector");
  if (!spec.selector) selector.required();
  else validateLabelSelector(spec.selector, selector);
  const isEmpty = !Object.keys(spec.selector?.matchLabels ?? {}).length && !spec.selector?.matchExpressions?.length;
  if (spec.selector && isEmpty) selector.invalid(spec.selector, `empty selector is invalid for ${kind}`);
  validateForeverTemplate(spec.template, report.at("template"));
  if (isEmpty && spec.selector) return;
  const selected = spec.selector ? selects(spec.selector, spec.template) : false;
  if (selected === undefined) return selector.invalid(spec.selector, "invalid label selector");
  if (selected) return;
  report.at("template", "metadata", "labels").invalid(
    spec.template?.metadata?.labels ?? {},
    "`selector` does not match template `labels`",
  );
}

/** Undefined where the selector is itself faulty. */
function selects(selector: LabelSelector, template?: IPodTemplateSpec): boolean | undefined {
  try {
    return compileLabelSelector(selector)(template?.metadata?.labels);
  } catch {
    return undefined;
  }
}

function validateForeverTemplate(template: IPodTemplateSpec | undefined, report: Report): void {
  validatePodTemplate(template, report);
  const policy = template?.spec?.restartPolicy;
  if (policy && policy !== "Always") report.at("spec", "restartPolicy").notSupported(policy, ["Always"]);
  if (template?.spec?.activeDeadlineSeconds !== undefined) {
    report.at("spec", "activeDeadlineSeconds").forbidden("activeDeadlineSeconds in ReplicaSet is not Supported");
  }
}

export function validateDeployment({ spec }: IDeployment, report: Report): void {
  const place = report.at("spec");
  place.at("replicas").nonNegative(spec?.replicas);
  validatePods(spec ?? {}, "deployment", place);
  place.at("minReadySeconds").nonNegative(spec?.minReadySeconds);
  place.at("revisionHistoryLimit").nonNegative(spec?.revisionHistoryLimit);
  validateStrategy(spec?.strategy, place.at("strategy"));
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
    return report.notSupported({ Type: strategy?.type, RollingUpdate: null }, types);
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
  validatePods(spec ?? {}, "deployment", place);
}

export function validateReplicationController({ spec }: IReplicationController, report: Report): void {
  const place = report.at("spec");
  place.at("replicas").nonNegative(spec?.replicas);
  if (!Object.keys(spec?.selector ?? {}).length) place.at("selector").required();
  if (!spec?.template) return place.at("template").required();
  validateForeverTemplate(spec.template, place.at("template"));
  if (spec.selector && selects({ matchLabels: spec.selector }, spec.template) === false) {
    const labels = spec.template.metadata?.labels ?? {};
    place.at("template", "metadata", "labels").invalid(labels, "`selector` does not match template `labels`");
  }
}

export function validateDaemonSet({ spec }: IDaemonSet, report: Report): void {
  const place = report.at("spec");
  validatePods(spec ?? {} as Owner, "daemonset", place);
  place.at("minReadySeconds").nonNegative(spec?.minReadySeconds);
  place.at("revisionHistoryLimit").nonNegative(spec?.revisionHistoryLimit);
  const rolling = spec?.updateStrategy?.rollingUpdate;
  if (spec?.updateStrategy?.type !== "RollingUpdate" || !rolling) return;
  const strategy = place.at("updateStrategy", "rollingUpdate");
  validateCountOrPercent(rolling.maxUnavailable, strategy.at("maxUnavailable"));
  validateCountOrPercent(rolling.maxSurge, strategy.at("maxSurge"));
  const [unavailable, surge] = [isNone(rolling.maxUnavailable), isNone(rolling.maxSurge)];
  if (!unavailable && !surge) {
    strategy.at("maxSurge").invalid(rolling.maxSurge, "may not be set when maxUnavailable is non-zero");
  }
  if (unavailable && surge) {
    strategy.at("maxUnavailable").required("cannot be 0 when maxSurge is 0");
  }
}

export function validateStatefulSet({ spec }: IStatefulSet, report: Report): void {
  const place = report.at("spec");
  place.at("replicas").nonNegative(spec?.replicas);
  place.at("minReadySeconds").nonNegative(spec?.minReadySeconds);
  place.at("revisionHistoryLimit").nonNegative(spec?.revisionHistoryLimit);
  place.at("updateStrategy", "rollingUpdate", "partition").nonNegative(spec?.updateStrategy?.rollingUpdate?.partition);
  validatePods(spec ?? {} as Owner, "statefulset", place);
  const { podManagementPolicy: policy, updateStrategy: strategy } = spec ?? {};
  if (policy && policy !== "OrderedReady" && policy !== "Parallel") {
    place.at("podManagementPolicy").invalid(policy, "must be 'OrderedReady' or 'Parallel'");
  }
  if (strategy?.type && strategy.type !== "RollingUpdate" && strategy.type !== "OnDelete") {
    const value = { Type: strategy.type, RollingUpdate: null };
    place.at("updateStrategy").invalid(value, "must be 'RollingUpdate' or 'OnDelete'");
  }
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
  const fixed = (spec: object = {}) =>
    Object.fromEntries(Object.entries(spec).filter(([field]) => !changeable.includes(field)));
  if (sameJson(fixed(set.spec), fixed(old.spec))) return;
  const quoted = changeable.map((field) => `'${field}'`);
  const list = `${quoted.slice(0, -1).join(", ")} and ${quoted.at(-1)}`;
  report.at("spec").forbidden(`updates to statefulset spec for fields other than ${list} are forbidden`);
}

export const validateRevision = rules(
  ["data", (value, report) => value === undefined || value === null ? report.required("data is mandatory") : undefined],
  ["revision", atLeast(0, "must be greater than or equal to 0")],
);
