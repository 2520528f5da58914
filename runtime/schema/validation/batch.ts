/** Jobs and CronJobs: pods that end. */
import type { ICronJob } from "kubernetes-models/batch/v1/CronJob";
import type { IJob } from "kubernetes-models/batch/v1/Job";
import type { IJobSpec } from "kubernetes-models/batch/v1/JobSpec";
import { validateJobPolicies } from "./job_policies.ts";
import { validatePodTemplate } from "./pod_spec.ts";
import { compileLabelSelector } from "../label_selector.ts";
import { scheduleFault } from "./cron_schedule.ts";
import { dnsLabel, dnsSubdomain } from "./names.ts";
import { Report, sameJson } from "./report.ts";
import { goSelector, validateLabelSelector } from "./selectors.ts";

const counts = [
  "parallelism",
  "completions",
  "activeDeadlineSeconds",
  "backoffLimit",
  "backoffLimitPerIndex",
  "maxFailedIndexes",
  "ttlSecondsAfterFinished",
] as const;

export function validateJob({ spec }: IJob, report: Report): void {
  const place = report.at("spec");
  if (!spec?.selector) place.at("selector").required();
  validateLabelSelector(spec?.selector, place.at("selector"));
  validateJobSpec(spec, place);
  validateSelected(spec, place);
}

/** What the server has given it stays true of itself: it is fixed. */
export function validateNewJob({ metadata, spec }: IJob, report: Report): void {
  const { name = "", uid } = metadata ?? {};
  validateIndexedName(name, spec, report.at("metadata", "name"));
  if (uid && spec && !spec.manualSelector) validateGenerated(name, uid, spec, report.at("spec"));
}

/** The last pod of an indexed Job has the longest name. */
function validateIndexedName(name: string, spec: IJobSpec | undefined, report: Report): void {
  if (spec?.completionMode !== "Indexed" || !spec.completions || spec.completions < 1) return;
  const podName = `${name}-${spec.completions - 1}`;
  if (dnsLabel(podName).length === 0) return;
  report.invalid(name, `will not able to create pod with invalid DNS label: ${podName}`);
}

const controllerUid = "batch.kubernetes.io/controller-uid";

/** A Job that selects its own pods selects them by its uid and no other label. */
function validateGenerated(name: string, uid: string, spec: IJobSpec, report: Report): void {
  const labels = spec.template?.metadata?.labels ?? {};
  for (const prefix of ["batch.kubernetes.io/", ""]) {
    for (const [key, value] of [[`${prefix}controller-uid`, uid], [`${prefix}job-name`, name]] as const) {
      if (labels[key] === value) continue;
      const place = report.at("template", "metadata", "labels").key(key);
      if (labels[key] === undefined) place.required(`must be '${value}'`);
      else place.invalid(sortedMap(labels), `must be '${value}'`);
    }
  }
  const selected = spec.selector?.matchLabels ?? {};
  const isOwn = Object.keys(selected).length === 1 && selected[controllerUid] === uid;
  if (spec.selector && !isFaulty(spec.selector) && (!isOwn || spec.selector.matchExpressions?.length)) {
    report.at("selector").invalid(goSelector(spec.selector), "`selector` not auto-generated");
  }
}

type Selector = NonNullable<IJobSpec["selector"]>;

/** As Go prints maps. */
function sortedMap(map: object): object {
  return Object.fromEntries(Object.entries(map).sort());
}

function validateSelected(spec: IJobSpec | undefined, report: Report): void {
  const selector = spec?.selector;
  const labels = spec?.template?.metadata?.labels;
  if (selector && (isFaulty(selector) || compileLabelSelector(selector)(labels))) return;
  const place = report.at("template", "metadata", "labels");
  place.invalid(labels && sortedMap(labels), "`selector` does not match template `labels`");
}

function isFaulty(selector: Selector): boolean {
  const trial = new Report();
  validateLabelSelector(selector, trial);
  return trial.faults.length > 0;
}

const neededRestart = ["OnFailure", "Never"];

function validateJobSpec(spec: IJobSpec | undefined, report: Report): void {
  for (const field of counts) report.at(field).nonNegative(spec?.[field]);
  if (spec) validateIndexes(spec, report);
  if (spec?.managedBy !== undefined) validateManager(spec.managedBy, report.at("managedBy"));
  report.at("completionMode").oneOf(spec?.completionMode, completionModes);
  if (spec) {
    validateJobPolicies(spec, report);
    const replacements = spec.podFailurePolicy ? ["Failed"] : ["Failed", "TerminatingOrFailed"];
    report.at("podReplacementPolicy").oneOf(spec.podReplacementPolicy, replacements);
  }
  validatePodTemplate(spec?.template, report.at("template"));
  const policy = spec?.template?.spec?.restartPolicy ?? "";
  const place = report.at("template", "spec", "restartPolicy");
  if (policy === "Always" || policy === "") place.required('valid values: "OnFailure", "Never"');
  else if (!neededRestart.includes(policy)) place.notSupported(policy, neededRestart);
  else if (spec?.podFailurePolicy && policy !== "Never") {
    place.invalid(policy, 'only "Never" is supported when podFailurePolicy is specified');
  }
}

const completionModes = ["NonIndexed", "Indexed"];
const mostParallel = 100_000;
const mostFailed = 100_000;
/** Above as many, and each with retries of its own, less is held at once (KEP-3850). */
const manyIndexes = 100_000;
const mostOfMany = 10_000;

function validateIndexes(spec: IJobSpec, report: Report): void {
  const { completionMode, completions, parallelism = 0, backoffLimitPerIndex: retries, maxFailedIndexes: failed } =
    spec;
  if (failed !== undefined && retries === undefined) {
    report.at("backoffLimitPerIndex").required("when maxFailedIndexes is specified");
  }
  if (completionMode === undefined || completionMode === "NonIndexed") {
    for (const [field, value] of Object.entries({ backoffLimitPerIndex: retries, maxFailedIndexes: failed })) {
      if (value !== undefined) report.at(field).invalid(value, "requires indexed completion mode");
    }
  }
  if (completionMode !== "Indexed") return;
  if (completions === undefined) return report.at("completions").required("when completion mode is Indexed");
  const many = completions > manyIndexes && retries !== undefined;
  const words = `must be less than or equal to ${mostOfMany} when completions are above ${manyIndexes} and used with ` +
    "backoff limit per index";
  if (parallelism > mostParallel) {
    const why = `must be less than or equal to ${mostParallel} when completion mode is Indexed`;
    report.at("parallelism").invalid(parallelism, why);
  }
  const place = report.at("maxFailedIndexes");
  if (failed !== undefined && failed > completions) {
    place.invalid(failed, "must be less than or equal to completions");
  }
  if (failed !== undefined && failed > mostFailed) place.invalid(failed, `must be less than or equal to ${mostFailed}`);
  if (!many) return;
  if (failed === undefined) {
    place.required(`must be specified when completions is above ${manyIndexes}`);
  }
  if (parallelism > mostOfMany) report.at("parallelism").invalid(parallelism, words);
  if (failed !== undefined && failed > mostOfMany) place.invalid(failed, words);
}

const longestManager = 63;

function validateManager(name: string, report: Report): void {
  if (name === "") return report.required();
  const [, domain] = /^([^/]+)\/.+$/.exec(name) ?? [];
  if (domain === undefined) report.invalid(name, 'must be a domain-prefixed path (such as "acme.io/foo")');
  else for (const fault of dnsSubdomain(domain)) report.invalid(domain, fault);
  if (name.length > longestManager) report.tooLong(longestManager);
}

const fixedFields = [
  "selector",
  "completionMode",
  "podFailurePolicy",
  "backoffLimitPerIndex",
  "managedBy",
  "successPolicy",
] as const;

/** A suspended Job that never started may still change where its pods run. */
export function validateJobUpdate({ spec }: IJob, old: IJob, report: Report): void {
  const place = report.at("spec");
  for (const field of fixedFields) place.at(field).immutable(spec?.[field] ?? null, old.spec?.[field]);
  const isIndexed = spec?.completionMode === "Indexed";
  if (!isIndexed || spec?.completions !== spec?.parallelism) {
    const why = isIndexed ? "can only be modified in tandem with spec.parallelism" : "field is immutable";
    place.at("completions").immutable(spec?.completions, old.spec?.completions, why);
  }
  const mayChangeTemplate = old.spec?.suspend && !old.status?.startTime;
  if (!mayChangeTemplate && !sameJson(spec?.template, old.spec?.template)) {
    place.at("template").invalid(spec?.template, "field is immutable");
  }
}

const longestName = 52;
const concurrencyPolicies = ["Allow", "Forbid", "Replace"];

export function validateCronJob({ metadata, spec }: ICronJob, report: Report): void {
  const place = report.at("spec");
  validateTimes(spec, place);
  place.at("concurrencyPolicy").oneOf(spec?.concurrencyPolicy, concurrencyPolicies);
  const template = spec?.jobTemplate?.spec;
  const job = place.at("jobTemplate", "spec");
  validateJobSpec(template, job);
  // Each job selects its own pods.
  if (template?.selector) {
    job.at("selector").invalid(goSelector(template.selector), "`selector` will be auto-generated");
  }
  if (template?.manualSelector) job.at("manualSelector").notSupported(true, ["nil", "false"]);
  for (const field of ["successfulJobsHistoryLimit", "failedJobsHistoryLimit"] as const) {
    place.at(field).nonNegative(spec?.[field]);
  }
  const name = metadata?.name ?? "";
  // The controller appends eleven characters to name its jobs.
  if (name.length > longestName) {
    report.at("metadata", "name").invalid(name, `must be no more than ${longestName} characters`);
  }
}

function validateTimes(spec: ICronJob["spec"], report: Report): void {
  const schedule = spec?.schedule;
  const fault = schedule && scheduleFault(schedule);
  if (!schedule) report.at("schedule").required();
  else if (fault) report.at("schedule").invalid(schedule, fault);
  report.at("startingDeadlineSeconds").nonNegative(spec?.startingDeadlineSeconds);
  if (spec?.timeZone !== undefined) validateTimeZone(spec.timeZone, report.at("timeZone"));
}

function validateTimeZone(zone: string, report: Report): void {
  if (zone === "") return report.invalid(zone, "timeZone must be nil or non-empty string");
  if (zone.toLowerCase() === "local") {
    report.invalid(zone, "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones");
  }
  if (zone !== "Local" && !isTimeZone(zone)) report.invalid(zone, `unknown time zone ${zone}`);
}

/** `Intl` takes small letters for great ones and offsets for zones; the names of zones are names of files. */
function isTimeZone(zone: string): boolean {
  try {
    const { timeZone } = new Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions();
    return /^[A-Z]/.test(zone) && (timeZone.toLowerCase() !== zone.toLowerCase() || timeZone === zone);
  } catch {
    return false;
  }
}
