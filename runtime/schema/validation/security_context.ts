/** What containers may do, by itself and as their pod says; profiles and Windows' accounts. */
import type { IPodSpec } from "kubernetes-models/v1/PodSpec";
import type { ISecurityContext } from "kubernetes-models/v1/SecurityContext";
import type { IAppArmorProfile } from "kubernetes-models/v1/AppArmorProfile";
import type { ISeccompProfile } from "kubernetes-models/v1/SeccompProfile";
import { goPrinted, seccompShape, securityContextShape } from "./go_shape.ts";
import { validateId } from "./numbers.ts";
import { validateInsidePath } from "./paths.ts";
import type { Report } from "./report.ts";
import { validateSysctls } from "./sysctls.ts";
import { validateWindowsOptions } from "./windows.ts";

const procMounts = ["Default", "Unmasked"];

export function validateSecurityContext(context: ISecurityContext | undefined, report: Report): void {
  if (!context) return;
  validateId(context.runAsUser, report.at("runAsUser"));
  validateId(context.runAsGroup, report.at("runAsGroup"));
  report.at("procMount").oneOf(context.procMount, procMounts);
  validateSeccomp(context.seccompProfile, report.at("seccompProfile"));
  if (context.allowPrivilegeEscalation === false) validateNoEscalation(context, report);
  validateWindowsOptions(context.windowsOptions, report.at("windowsOptions"));
  validateAppArmor(context.appArmorProfile, report.at("appArmorProfile"));
}

function validateNoEscalation(context: ISecurityContext, report: Report): void {
  const refuse = (why: string) => report.invalid(goPrinted(securityContextShape, context), why);
  if (context.privileged) refuse("cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
  if (context.capabilities?.add?.includes("CAP_SYS_ADMIN")) {
    refuse("cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN");
  }
}

const profileTypes = ["Localhost", "RuntimeDefault", "Unconfined"];

function validateSeccomp(profile: ISeccompProfile | undefined, report: Report): void {
  if (!profile) return;
  const { type, localhostProfile: file } = profile;
  if (type) report.at("type").oneOf(type, profileTypes);
  else report.at("type").required("type is required when seccompProfile is set");
  const place = report.at("localhostProfile");
  if (type === "Localhost") {
    if (file === undefined) place.required("must be set when seccomp type is Localhost");
    else validateInsidePath(file, place);
  } else if (file !== undefined) {
    place.invalid(goPrinted(seccompShape, profile), "can only be set when seccomp type is Localhost");
  }
}

const longestProfile = 4095;

function validateAppArmor(profile: IAppArmorProfile | undefined, report: Report): void {
  if (!profile) return;
  const { type, localhostProfile: file } = profile;
  if (type) report.at("type").oneOf(type, profileTypes);
  else report.at("type").required("type is required when appArmorProfile is set");
  const place = report.at("localhostProfile");
  if (type === "Localhost") {
    if (!file) place.required("must be set when AppArmor type is Localhost");
    else if (file.trim() !== file) place.invalid(file, "must not be padded with whitespace");
    else if (file.length > longestProfile) place.tooLong(longestProfile);
  } else if (profileTypes.includes(type ?? "") && file !== undefined) {
    place.invalid(file, "can only be set when AppArmor type is Localhost");
  }
}

const changePolicies = ["Always", "OnRootMismatch"];
const groupsPolicies = ["Merge", "Strict"];

/** A port of the host's network is the container's own; the pod's processes are seen from one place. */
export function validatePodSecurity(spec: IPodSpec, report: Report): void {
  const context = spec.securityContext ?? {};
  const place = report.at("securityContext");
  for (const field of ["fsGroup", "runAsUser", "runAsGroup"] as const) validateId(context[field], place.at(field));
  context.supplementalGroups?.forEach((id, i) => validateId(id, place.at("supplementalGroups", i)));
  if (spec.hostNetwork) validateHostPorts(spec, report);
  if (spec.shareProcessNamespace && spec.hostPID) {
    const words = "ShareProcessNamespace and HostPID cannot both be enabled";
    place.at("shareProcessNamespace").invalid(true, words);
  }
  validateSysctls(context.sysctls, spec, place.at("sysctls"));
  place.at("fsGroupChangePolicy").oneOf(context.fsGroupChangePolicy, changePolicies);
  validateSeccomp(context.seccompProfile, place.at("seccompProfile"));
  validateWindowsOptions(context.windowsOptions, place.at("windowsOptions"));
  validateAppArmor(context.appArmorProfile, place.at("appArmorProfile"));
  place.at("supplementalGroupsPolicy").oneOf(context.supplementalGroupsPolicy, groupsPolicies);
  // How volumes are relabeled is chosen by none yet (KEP-1710).
  place.at("seLinuxChangePolicy").oneOf(context.seLinuxChangePolicy, ["Recursive"]);
}

function validateHostPorts(spec: IPodSpec, report: Report): void {
  spec.containers?.forEach(({ ports }, i) =>
    ports?.forEach((port, j) => {
      if (!port.hostPort || port.hostPort === port.containerPort) return;
      const place = report.at("containers", i, "ports", j, "hostPort");
      place.invalid(port.hostPort, "must match `containerPort` when `hostNetwork` is true");
    })
  );
}
