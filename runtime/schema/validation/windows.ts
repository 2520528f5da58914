/** Accounts that containers on Windows run as, and what the two systems do not know of each other. */
import type { IContainer } from "kubernetes-models/v1/Container";
import type { IPodSpec } from "kubernetes-models/v1/PodSpec";
import type { ISecurityContext } from "kubernetes-models/v1/SecurityContext";
import { dnsSubdomain } from "./names.ts";
import type { Report } from "./report.ts";

type Options = ISecurityContext["windowsOptions"];

const largestSpec = 64 * 1024;

export function validateWindowsOptions(options: Options, report: Report): void {
  if (!options) return;
  const { gmsaCredentialSpecName: name, gmsaCredentialSpec: spec, runAsUserName: user } = options;
  if (name !== undefined) report.at("gmsaCredentialSpecName").named(name, dnsSubdomain);
  const place = report.at("gmsaCredentialSpec");
  if (spec === "") place.invalid(spec, "gmsaCredentialSpec cannot be an empty string");
  else if (spec && spec.length > largestSpec) place.invalid(spec, "gmsaCredentialSpec size must be under 64 KiB");
  if (user !== undefined) {
    for (const fault of userNameFaults(user)) report.at("runAsUserName").invalid(user, `runAsUserName${fault}`);
  }
}

// deno-lint-ignore no-control-regex -- control characters are what is looked for
const control = /[\x00-\x1f\x7f]/;
const netBios = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/;
const dnsDomain = /^[a-zA-Z0-9]([-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?(\.[a-zA-Z0-9]([-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?)*$/;

/** `DOMAIN\User` or `User`, as Windows takes them. */
function userNameFaults(name: string): string[] {
  if (name === "") return [" cannot be an empty string"];
  if (control.test(name)) return [" cannot contain control characters"];
  const parts = name.split("\\");
  if (parts.length > 2) return [" cannot contain more than one backslash"];
  const domain = parts.length === 2 ? domainFaults(parts[0]!) : [];
  return [...domain, ...userFaults(parts.at(-1)!)];
}

function domainFaults(domain: string): string[] {
  const faults = domain.length >= 256 ? ["'s Domain length must be under 256 characters"] : [];
  if (netBios.test(domain) || dnsDomain.test(domain)) return faults;
  return [...faults, "'s Domain doesn't match the NetBios nor the DNS format"];
}

const longestUser = 104;

function userFaults(user: string): string[] {
  if (user === "") return ["'s User cannot be empty"];
  if (user.length > longestUser) return [`'s User length must not be longer than ${longestUser} characters`];
  if (/^[. ]+$/.test(user)) return ["'s User cannot contain only periods or spaces"];
  return /["/\\:;|=,+*?<>@[\]]/.test(user)
    ? [`'s User cannot contain the following characters: "/\\:;|=,+*?<>@[]`]
    : [];
}

const containerLists = ["initContainers", "containers", "ephemeralContainers"] as const;

function eachContainer(spec: IPodSpec, visit: (container: IContainer, place: (string | number)[]) => void): void {
  for (const list of containerLists) spec[list]?.forEach((one, i) => visit(one as IContainer, [list, i]));
}

/** A pod of host processes is one as a whole, on the host's network. */
export function validateHostProcess(spec: IPodSpec, report: Report): void {
  const ofPod = spec.securityContext?.windowsOptions?.hostProcess;
  let [some, all] = [false, true];
  eachContainer(spec, ({ securityContext }, place) => {
    const own = securityContext?.windowsOptions?.hostProcess;
    if (own !== undefined && ofPod !== undefined && own !== ofPod) {
      const words = `pod hostProcess value must be identical if both are specified, was ${ofPod}`;
      report.at(...place, "securityContext", "windowsOptions", "hostProcess").invalid(own, words);
    }
    some ||= own ?? ofPod ?? false;
    all &&= own ?? ofPod ?? false;
  });
  if (!some) return;
  if (!all) {
    report.invalid("", "If pod contains any hostProcess containers then all containers must be HostProcess containers");
  }
  if (!spec.hostNetwork) {
    const words = "hostNetwork must be true if pod contains any hostProcess containers";
    report.at("hostNetwork").invalid(false, words);
  }
}

const notOfWindowsPods = [
  ...["securityContext.appArmorProfile", "securityContext.seLinuxOptions", "hostUsers", "hostPID", "hostIPC"],
  ...["securityContext.seccompProfile", "securityContext.fsGroup", "securityContext.fsGroupChangePolicy"],
  ...["securityContext.sysctls", "shareProcessNamespace", "securityContext.runAsUser", "securityContext.runAsGroup"],
  ...["securityContext.supplementalGroups", "securityContext.supplementalGroupsPolicy"],
  "securityContext.seLinuxChangePolicy",
];
const notOfWindows = [
  ...["appArmorProfile", "seLinuxOptions", "seccompProfile", "capabilities", "readOnlyRootFilesystem", "privileged"],
  ...["allowPrivilegeEscalation", "procMount", "runAsUser", "runAsGroup"],
];

/** A pod that says its system says nothing that the system does not know. */
export function validateOs(spec: IPodSpec, report: Report): void {
  const name = spec.os?.name;
  if (!spec.os) return;
  if (!name) return report.at("os", "name").required();
  if (name !== "linux" && name !== "windows") return report.at("os").notSupported(name, ["linux", "windows"]);
  if (name === "linux") return validateLinux(spec, report);
  forbidAll(spec, notOfWindowsPods, report);
  eachContainer(spec, ({ securityContext }, place) => {
    forbidAll(securityContext, notOfWindows, report.at(...place, "securityContext"));
  });
}

function validateLinux(spec: IPodSpec, report: Report): void {
  const words = "windows options cannot be set for a linux pod";
  if (spec.securityContext?.windowsOptions) report.at("securityContext", "windowsOptions").forbidden(words);
  eachContainer(spec, ({ securityContext }, place) => {
    if (!securityContext?.windowsOptions) return;
    report.at(...place, "securityContext", "windowsOptions").forbidden(words);
  });
}

function forbidAll(holder: object | undefined, places: readonly string[], report: Report): void {
  for (const place of places) {
    const steps = place.split(".");
    const value = steps.reduce<unknown>((at, step) => (at as Record<string, unknown> | undefined)?.[step], holder);
    const isUnset = value === undefined || value === false && /^host[PI]|^share/.test(place);
    if (!isUnset) report.at(...steps).forbidden("cannot be set for a windows pod");
  }
}
