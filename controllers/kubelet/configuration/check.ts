/** What fields of a KubeletConfiguration say against one another. Pure. */
import { FieldFaults } from "../../../runtime/auth/structured/field_faults.ts";
import type { NodeConfiguration } from "./document.ts";
import { msOf } from "./duration.ts";
import { levelOf, signalNames } from "./thresholds.ts";

/** Throws an Error that names every fault by field, value and reason. */
export function checkConfiguration(configuration: NodeConfiguration): void {
  const faults = new FieldFaults();
  const checks = [imageCollection, imagePulls, imageVerification, eviction, softEviction, shutdown, groups];
  for (const check of checks) check(configuration, faults);
  faults.throwAny();
}

type Check = (configuration: NodeConfiguration, faults: FieldFaults) => void;

const imageCollection: Check = (configuration, faults) => {
  const { imageGCHighThresholdPercent: high, imageGCLowThresholdPercent: low } = configuration;
  if (low >= high) {
    faults.invalid("imageGCLowThresholdPercent", low, `must be less than imageGCHighThresholdPercent (${high})`);
  }
  const [max, min] = [configuration.imageMaximumGCAge, configuration.imageMinimumGCAge];
  if (msOf(max) > 0 && msOf(max) <= msOf(min)) {
    faults.invalid("imageMaximumGCAge", max, `must be greater than imageMinimumGCAge (${min})`);
  }
};

const imagePulls: Check = ({ serializeImagePulls, maxParallelImagePulls }, faults) => {
  if (serializeImagePulls && (maxParallelImagePulls ?? 1) > 1) {
    const why = "must be 1 unless serializeImagePulls is false";
    faults.invalid("maxParallelImagePulls", maxParallelImagePulls, why);
  }
};

const imageVerification: Check = (configuration, faults) => {
  const { imagePullCredentialsVerificationPolicy: policy, preloadedImagesVerificationAllowlist: list } = configuration;
  if (list.length === 0 || policy === "NeverVerifyAllowlistedImages") return;
  const why = "must be empty unless imagePullCredentialsVerificationPolicy is NeverVerifyAllowlistedImages";
  faults.invalid("preloadedImagesVerificationAllowlist", list, why);
};

const levels = ["evictionHard", "evictionSoft", "evictionMinimumReclaim"] as const;

const eviction: Check = (configuration, faults) => {
  for (const field of levels) {
    for (const [signal, text] of Object.entries(configuration[field] ?? {})) {
      if (!isSignal(signal)) faults.unsupported(field, signal, signalNames);
      else if (!levelOf(text)) {
        faults.invalid(`${field}[${signal}]`, text, "must be a quantity of 0 or more, or a percentage up to 100%");
      }
    }
  }
};

const softEviction: Check = ({ evictionSoft, evictionSoftGracePeriod }, faults) => {
  for (const signal of Object.keys(evictionSoft)) {
    if (evictionSoftGracePeriod[signal] === undefined) {
      faults.required(`evictionSoftGracePeriod[${signal}]`, "grace period must be specified for the soft threshold");
    } else if (msOf(evictionSoftGracePeriod[signal]) === 0) {
      const why = "must be more than 0: a soft threshold without grace is a hard one";
      faults.invalid(`evictionSoftGracePeriod[${signal}]`, evictionSoftGracePeriod[signal], why);
    }
  }
};

const shutdown: Check = (configuration, faults) => {
  const { shutdownGracePeriod: all, shutdownGracePeriodCriticalPods: critical } = configuration;
  if (msOf(critical) > msOf(all)) {
    const why = `must be less than or equal to shutdownGracePeriod (${all})`;
    faults.invalid("shutdownGracePeriodCriticalPods", critical, why);
  }
  if (configuration.shutdownGracePeriodByPodPriority.length > 0 && msOf(all) > 0) {
    faults.forbidden("shutdownGracePeriodByPodPriority", "may not be given together with shutdownGracePeriod");
  }
};

const groups: Check = ({ cgroupsPerQOS, enforceNodeAllocatable: parts }, faults) => {
  const [enforced] = parts.filter((part) => part !== "none");
  if (enforced && parts.includes("none")) {
    faults.invalid(
      "enforceNodeAllocatable",
      parts.join(","),
      'may not contain additional enforcements when "none" is specified',
    );
  }
  if (enforced && !cgroupsPerQOS) {
    faults.invalid("enforceNodeAllocatable", enforced, "is not supported unless cgroupsPerQOS is set to true");
  }
};

function isSignal(name: string): boolean {
  return (signalNames as readonly string[]).includes(name);
}
