/** Jobs and CronJobs: pods that end. */
import type { ICronJob } from "kubernetes-models/batch/v1/CronJob";
import type { IJob } from "kubernetes-models/batch/v1/Job";
import type { IJobSpec } from "kubernetes-models/batch/v1/JobSpec";
import { validateJobPolicies } from "./job_policies.ts";
import { validatePodTemplate } from "./pod_spec.ts";
import { type Report, sameJson } from "./report.ts";
import { validateLabelSelector } from "./selectors.ts";

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
  validateJobSpec(spec, place);
}

function validateJobSpec(spec: IJobSpec | undefined, report: Report): void {
  for (const field of counts) report.at(field).nonNegative(spec?.[field]);
  validateLabelSelector(spec?.selector, report.at("selector"));
  if (spec?.completionMode === "Indexed" && spec.completions === undefined) {
    report.at("completions").required("when completion mode is Indexed");
  }
  if (spec?.backoffLimitPerIndex !== undefined && spec.completionMode !== "Indexed") {
    report.at("backoffLimitPerIndex").invalid(spec.backoffLimitPerIndex, "requires indexed completion mode");
  }
  if (spec) validateJobPolicies(spec, report);
  validatePodTemplate(spec?.template, report.at("template"));
  const policy = spec?.template?.spec?.restartPolicy;
  const place = report.at("template", "spec", "restartPolicy");
  if (policy === "Always") place.required('valid values: "OnFailure", "Never"');
  if (spec?.podFailurePolicy && policy !== "Never") {
    place.invalid(policy, 'only "Never" is supported when podFailurePolicy is specified');
  }
}

const fixedFields = ["selector", "completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy"] as const;

/** A suspended Job that never started may still change where its pods run. */
export function validateJobUpdate({ spec }: IJob, old: IJob, report: Report): void {
  const place = report.at("spec");
  for (const field of fixedFields) place.at(field).immutable(spec?.[field], old.spec?.[field]);
  const bothElastic = spec?.completionMode === "Indexed" && spec.completions === spec.parallelism;
  if (!bothElastic) place.at("completions").immutable(spec?.completions, old.spec?.completions);
  const mayChangeTemplate = old.spec?.suspend && !old.status?.startTime;
  if (!mayChangeTemplate && !sameJson(spec?.template, old.spec?.template)) {
    place.at("template").invalid(spec?.template, "field is immutable");
  }
}

const longestName = 52;
const fieldRanges = [[0, 59], [0, 23], [1, 31], [1, 12], [0, 7]] as const;
const shorthands = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];

export function validateCronJob({ metadata, spec }: ICronJob, report: Report): void {
  const name = metadata?.name ?? "";
  // The controller appends eleven characters to name its jobs.
  if (name.length > longestName) {
    report.at("metadata", "name").invalid(name, `must be no more than ${longestName} characters`);
  }
  const place = report.at("spec");
  if (!spec?.schedule) place.at("schedule").required();
  else validateSchedule(spec.schedule, place.at("schedule"));
  for (const field of ["startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit"] as const) {
    place.at(field).nonNegative(spec?.[field]);
  }
  if (spec?.timeZone !== undefined) validateTimeZone(spec.timeZone, place.at("timeZone"));
  validateJobSpec(spec?.jobTemplate?.spec, place.at("jobTemplate", "spec"));
}

function validateSchedule(schedule: string, report: Report): void {
  if (/TZ=/.test(schedule)) {
    return report.invalid(schedule, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead");
  }
  if (schedule.startsWith("@")) {
    const known = shorthands.includes(schedule) || /^@every \d/.test(schedule);
    return known ? undefined : report.invalid(schedule, `unrecognized descriptor: ${schedule}`);
  }
  const fields = schedule.trim().split(/\s+/);
  if (fields.length !== 5) {
    return report.invalid(schedule, `expected exactly 5 fields, found ${fields.length}: [${fields.join(" ")}]`);
  }
  const bad = fields.find((field, i) => !isCronField(field, fieldRanges[i]!));
  if (bad !== undefined) report.invalid(schedule, `failed to parse int from ${bad}`);
}

function isCronField(field: string, [low, high]: readonly [number, number]): boolean {
  return field.split(",").every((part) => {
    const match = /^(?:[*?]|([A-Za-z]{3}|\d+)(?:-([A-Za-z]{3}|\d+))?)(?:\/(\d+))?$/.exec(part);
    if (!match) return false;
    return [match[1], match[2]].every((end) => !end || !/^\d+$/.test(end) || Number(end) >= low && Number(end) <= high);
  });
}

function validateTimeZone(zone: string, report: Report): void {
  if (zone === "") return report.invalid(zone, "timeZone must be nil or non-empty string");
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
  } catch {
    report.invalid(zone, `unknown time zone ${zone}`);
  }
}
