/** What a Job's status may say: counts, indexes that are there once, and an end that was decided before it came (KEP-3998). */
import type { IJob } from "kubernetes-models/batch/v1/Job";
import type { Report } from "./report.ts";

type Status = NonNullable<IJob["status"]>;

export function validateJobStatus(job: IJob, old: IJob, report: Report): void {
  const status = job.status ?? {};
  const place = report.at("status");
  for (const field of ["active", "succeeded", "failed", "ready", "terminating"] as const) {
    place.at(field).nonNegative(status[field]);
  }
  validateUncounted(status.uncountedTerminatedPods, place.at("uncountedTerminatedPods"));
  for (const field of ["succeeded", "failed"] as const) {
    if ((status[field] ?? 0) >= (old.status?.[field] ?? 0)) continue;
    place.at(field).invalid(status[field] ?? 0, `cannot decrease the ${field} counter`);
  }
  if (status.ready !== undefined && status.ready > (status.active ?? 0)) {
    place.at("ready").invalid(status.ready, "cannot set more ready pods than active");
  }
  validateEnd(job, status, place);
  validateIndexes(status, job.spec?.completions ?? 0, place);
}

/** No pod is told twice. */
function validateUncounted(pods: Status["uncountedTerminatedPods"], report: Report): void {
  const seen = new Set<string>();
  for (const list of ["succeeded", "failed"] as const) {
    pods?.[list]?.forEach((uid, i) => {
      const place = report.at(list, i);
      if (uid === "") place.invalid(uid, "must not be empty");
      else if (seen.has(uid)) place.duplicate(uid);
      seen.add(uid);
    });
  }
}

function validateEnd({ spec }: IJob, status: Status, report: Report): void {
  const is = (type: string) => status.conditions?.some((one) => one.type === type && one.status === "True") ?? false;
  const complete = is("Complete");
  const at = report.at("completionTime");
  if (status.completionTime && !complete) {
    at.invalid(status.completionTime, "cannot set completionTime when there is no Complete=True condition");
  }
  if (complete && !status.completionTime) at.required("completionTime is required for Complete jobs");
  const wrong: [boolean, string][] = [
    [is("Failed") && complete, "cannot set Complete=True and Failed=true conditions"],
    [is("FailureTarget") && complete, "cannot set Complete=True and FailureTarget=true conditions"],
    [
      complete && !is("SuccessCriteriaMet"),
      "cannot set Complete=True condition without the SuccessCriteriaMet=true condition",
    ],
    [
      is("Failed") && !is("FailureTarget"),
      "cannot set Failed=True condition without the FailureTarget=true condition",
    ],
    [
      complete && !!spec?.successPolicy && !is("SuccessCriteriaMet"),
      "cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True",
    ],
  ];
  for (const [found, words] of wrong) if (found) report.at("conditions").invalidWhole(words);
}

function validateIndexes(status: Status, completions: number, report: Report): void {
  const completed = indexesIn(status, "completedIndexes", completions, report);
  const failed = indexesIn(status, "failedIndexes", completions, report);
  const both = completed.find((index) => failed.includes(index));
  if (both === undefined) return;
  const words = `failedIndexes and completedIndexes overlap at index: ${both}`;
  report.at("failedIndexes").invalid(status.failedIndexes, words);
}

type IndexList = "completedIndexes" | "failedIndexes";

function indexesIn(status: Status, field: IndexList, completions: number, report: Report): number[] {
  const indexes: number[] = [];
  const text = status[field];
  if (!text) return indexes;
  const refuse = (why: string) => {
    report.at(field).invalid(text, `error parsing ${field}: ${why}`);
    return [];
  };
  for (const interval of text.split(",")) {
    const ends = interval.split("-");
    const [first = 0, last = first] = ends.map(Number);
    for (const end of ends) {
      if (!/^\d+$/.test(end)) return refuse(`cannot convert string to integer for index: ${JSON.stringify(end)}`);
      if (Number(end) >= completions) return refuse(`too large index: ${JSON.stringify(end)}`);
    }
    if (first < (indexes.at(-1) ?? -1) + 1 || last < first) {
      return refuse(`non-increasing order, previous: ${indexes.at(-1)}, current: ${first}`);
    }
    for (let index = first; index <= last; index++) indexes.push(index);
  }
  return indexes;
}
