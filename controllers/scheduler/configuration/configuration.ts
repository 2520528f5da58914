/** What a KubeSchedulerConfiguration makes of the scheduler; all that is wrong in it is told at once, in upstream's words. */
import { decoded } from "../../../runtime/auth/structured/decoding.ts";
import { FieldFaults } from "../../../runtime/auth/structured/field_faults.ts";
import type { Profile } from "../profile.ts";
import type { AttemptBackOff } from "../waiting_room.ts";
import { checkExtenders } from "./check_extenders.ts";
import { type Document, elsewhere, type ExtenderDocument, schedulerConfigurationKind } from "./document.ts";
import { takeProfile } from "./profiles.ts";

export interface SchedulerConfiguration {
  readonly profiles: readonly Profile[];
  /** Of pods that found no node. */
  readonly backOff: AttemptBackOff;
  /** Checked; not yet connected. */
  readonly extenders: readonly ExtenderDocument[];
  /** What is accepted and changes nothing, a line each. */
  readonly warnings: readonly string[];
}

export const defaultSchedulerName = "default-scheduler";

/** `document` as YAML or JSON has it. Throws an Error that names every field that is wrong. */
export function schedulerConfiguration(document: unknown): SchedulerConfiguration {
  const checked = decoded(schedulerConfigurationKind, document);
  const faults = new FieldFaults();
  const warnings = elsewhere.filter((field) => checked[field] !== undefined).map((field) =>
    `${field} changes nothing: this scheduler is a loop of the master`
  );
  checkNumbers(checked, faults);
  const ignoredResources = checked.extenders.flatMap(({ managedResources }) => managedResources)
    .filter(({ ignoredByScheduler }) => ignoredByScheduler).map(({ name }) => name);
  const takers = profileDocuments(checked).map((profile, at) =>
    takeProfile(profile, {
      path: `profiles[${at}]`,
      schedulerName: profile.schedulerName ?? "",
      percentageOfNodesToScore: checked.percentageOfNodesToScore,
      ignoredResources,
      faults,
      warn: (warning) => warnings.push(warning),
    })
  );
  checkNames(checked, faults);
  checkExtenders(checked.extenders, faults);
  faults.throwAny();
  const { extenders } = checked;
  return { profiles: takers.map((make) => make()), backOff: backOffOf(checked), extenders, warnings };
}

/** One without a name is the default scheduler's; among several each must say whose it is. */
function profileDocuments({ profiles }: Document): Document["profiles"] {
  if (profiles.length === 0) return [{ schedulerName: defaultSchedulerName, pluginConfig: [] }];
  return profiles.length === 1 ? [{ schedulerName: defaultSchedulerName, ...profiles[0]! }] : profiles;
}

/** Short at first unless somebody asks otherwise: on a cluster that is just starting, the node comes right after the pods. */
const firstMs = 50;

function backOffOf({ podInitialBackoffSeconds, podMaxBackoffSeconds = 10 }: Document): AttemptBackOff {
  const capMs = podMaxBackoffSeconds * 1000;
  return podInitialBackoffSeconds === undefined
    ? { firstMs, baseMs: 1000, capMs }
    : { baseMs: podInitialBackoffSeconds * 1000, capMs };
}

function checkNumbers(document: Document, faults: FieldFaults): void {
  const { parallelism = 1, percentageOfNodesToScore, podInitialBackoffSeconds = 1, podMaxBackoffSeconds = 10 } =
    document;
  if (parallelism <= 0) faults.invalid("parallelism", parallelism, "should be an integer value greater than zero");
  checkPercentage("percentageOfNodesToScore", percentageOfNodesToScore, faults);
  if (podInitialBackoffSeconds <= 0) {
    faults.invalid("podInitialBackoffSeconds", podInitialBackoffSeconds, "must be greater than 0");
  }
  if (podMaxBackoffSeconds < podInitialBackoffSeconds) {
    const why = "must be greater than or equal to PodInitialBackoffSeconds";
    faults.invalid("podMaxBackoffSeconds", podMaxBackoffSeconds, why);
  }
}

function checkNames({ profiles }: Document, faults: FieldFaults): void {
  const seen = new Set<string>();
  profiles.forEach(({ schedulerName, percentageOfNodesToScore = 0 }, at) => {
    const path = `profiles[${at}]`;
    if (!schedulerName && (profiles.length > 1 || schedulerName === "")) faults.required(`${path}.schedulerName`);
    else if (seen.has(schedulerName ?? "")) faults.duplicate(`${path}.schedulerName`, schedulerName);
    seen.add(schedulerName ?? "");
    checkPercentage(`${path}.percentageOfNodesToScore`, percentageOfNodesToScore, faults);
  });
}

function checkPercentage(path: string, value: number, faults: FieldFaults): void {
  if (value < 0 || value > 100) faults.invalid(path, value, "not in valid range [0-100]");
}

/** As without a file. */
export const defaultConfiguration: SchedulerConfiguration = schedulerConfiguration({
  apiVersion: schedulerConfigurationKind.apiVersions![0],
  kind: schedulerConfigurationKind.kind,
});

export const defaultProfile: Profile = defaultConfiguration.profiles[0]!;
