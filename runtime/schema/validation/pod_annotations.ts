/** Annotations of pods and of templates that mean something to Kubernetes itself; most of them are older than the field for it. */
import type { ObjectMeta } from "../object.ts";
import type { IPodSpec } from "kubernetes-models/v1/PodSpec";
import type { IToleration } from "kubernetes-models/v1/Toleration";
import { goJsonFault } from "./go_json_fault.ts";
import { validateInsidePath } from "./paths.ts";
import type { Report } from "./report.ts";
import { validateTolerations } from "./scheduling.ts";

const mirror = "kubernetes.io/config.mirror";
const deletionCost = "controller.kubernetes.io/pod-deletion-cost";
const seccomp = /^(container\.)?seccomp\.security\.alpha\.kubernetes\.io\//;
const appArmor = "container.apparmor.security.beta.kubernetes.io/";
const tolerations = "scheduler.alpha.kubernetes.io/tolerations";

type Annotations = NonNullable<ObjectMeta["annotations"]>;

export function validatePodAnnotations(
  annotations: Annotations | undefined,
  spec: IPodSpec | undefined,
  report: Report,
): void {
  if (!annotations) return;
  if (annotations[mirror] !== undefined && !spec?.nodeName) {
    report.key(mirror).invalid(annotations[mirror], "must set spec.nodeName if mirror pod annotation is set");
  }
  if (annotations[tolerations]) validateOldTolerations(annotations[tolerations], report);
  const cost = annotations[deletionCost];
  if (cost !== undefined && !isInt32(cost)) report.key(deletionCost).invalid(cost, "must be a 32bit integer");
  for (const [name, value] of Object.entries(annotations)) {
    if (seccomp.test(name)) validateSeccomp(value, report.at(name));
    else if (name.startsWith(appArmor)) validateAppArmor(name.slice(appArmor.length), value, spec, report.key(name));
  }
}

function validateOldTolerations(text: string, report: Report): void {
  const fault = goJsonFault(text);
  if (fault) return report.invalid(tolerations, fault);
  const parsed: unknown = JSON.parse(text);
  if (Array.isArray(parsed)) validateTolerations(parsed as IToleration[], report.at(tolerations));
}

function isInt32(text: string): boolean {
  return /^(0|-?[1-9]\d*)$/.test(text) && Number(text) >= -(2 ** 31) && Number(text) < 2 ** 31;
}

const seccompProfiles = ["runtime/default", "docker/default", "unconfined"];

function validateSeccomp(profile: string, report: Report): void {
  if (profile.startsWith("localhost/")) validateInsidePath(profile.slice("localhost/".length), report);
  else if (!seccompProfiles.includes(profile)) report.invalid(profile, "must be a valid seccomp profile");
}

const containerLists = ["containers", "initContainers", "ephemeralContainers"] as const;

function validateAppArmor(container: string, profile: string, spec: IPodSpec | undefined, report: Report): void {
  const isThere = containerLists.some((list) => spec?.[list]?.some(({ name }) => name === container));
  if (!isThere) report.invalid(container, "container not found");
  const isKnown = ["", "runtime/default", "unconfined"].includes(profile) || profile.startsWith("localhost/");
  if (!isKnown) report.invalid(profile, `invalid AppArmor profile name: ${JSON.stringify(profile)}`);
}
