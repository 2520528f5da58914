/** What CSI drivers tell about themselves, and what is attached where. */
import type { ICSIDriver } from "kubernetes-models/storage.k8s.io/v1/CSIDriver";
import type { ICSINode } from "kubernetes-models/storage.k8s.io/v1/CSINode";
import type { IVolumeAttributesClass } from "kubernetes-models/storage.k8s.io/v1/VolumeAttributesClass";
import { compareQuantities } from "../quantity.ts";
import { validateDriverName } from "./driver_name.ts";
import { dnsSubdomain, qualifiedName } from "./names.ts";
import { type Report, sameJson } from "./report.ts";
import { atLeast, type Check, fixed, isEmpty, oneOf, required, rules, unique } from "./rules.ts";
import { validateLabelSelector } from "./selectors.ts";
import { parameters, provisioner, validateInlineVolume } from "./storage.ts";

const tokenSeconds = "may not specify a duration less than 10 minutes";
const longestTokenSeconds = 2 ** 32;
const modes = ["Persistent", "Ephemeral"];

const knownModes: Check = (value, report) => {
  for (const mode of new Set((value ?? []) as string[])) report.oneOf(mode, modes);
};

const driverName: Check = (value, report) => validateDriverName(value, report);

export const validateCsiDriver = rules(
  ["spec.attachRequired", (value, report) => value === undefined && report.required()],
  ["spec.podInfoOnMount", (value, report) => value === undefined && report.required()],
  ["spec.storageCapacity", (value, report) => value === undefined && report.required()],
  ["spec.fsGroupPolicy", oneOf("File", "None", "ReadWriteOnceWithFSType")],
  ["spec.tokenRequests", (value, report) => {
    const audiences = ((value ?? []) as { audience?: string }[]).map(({ audience = "" }) => audience);
    audiences.forEach((audience, i) => {
      if (audiences.indexOf(audience) < i) report.at(i, "audience").duplicate(audience);
    });
  }],
  ["spec.tokenRequests[].expirationSeconds", atLeast(600, tokenSeconds), (value, report) => {
    if (Number(value ?? 0) > longestTokenSeconds) {
      report.invalid(value, "may not specify a duration larger than 2^32 seconds");
    }
  }],
  ["spec.volumeLifecycleModes", knownModes],
  [
    "spec.nodeAllocatableUpdatePeriodSeconds",
    atLeast(10, "must be greater than or equal to 10 seconds"),
  ],
  ["spec.serviceAccountTokenInSecrets", (value, report, { tokenRequests }) => {
    if (value === undefined || !isEmpty(tokenRequests)) return;
    report.invalid(value, "serviceAccountTokenInSecrets is set but no tokenRequests are specified");
  }],
);

/** One of them goes by another name here. */
export function validateCsiDriverUpdate({ spec }: ICSIDriver, old: ICSIDriver, report: Report): void {
  report.at("spec", "attachedRequired").immutable(spec?.attachRequired, old.spec?.attachRequired);
  report.at("spec", "volumeLifecycleModes").immutable(spec?.volumeLifecycleModes, old.spec?.volumeLifecycleModes);
}

/** Upstream leaves the index of a key out. */
const topologyKeys: Check = (value, report) => {
  const seen = new Set<string>();
  for (const key of (value ?? []) as string[]) {
    if (key === "") report.required();
    report.named(key, qualifiedName);
    if (seen.has(key)) report.duplicate(key);
    seen.add(key);
  }
};

const validateNodeDriver = rules(
  ["name", driverName],
  ["nodeID", required(), (value, report) => {
    if (String(value ?? "").length > 256) report.invalid(value, "must be 256 characters or less");
  }],
  ["allocatable.count", atLeast(0, "must be greater than or equal to 0")],
);

export const validateCsiNode = rules(
  ["spec.drivers[]", (driver, report) => {
    validateNodeDriver(driver as object, report);
    topologyKeys((driver as { topologyKeys?: string[] }).topologyKeys, report, {});
  }],
  ["spec.drivers", unique("name")],
);

/** Drivers come and go; what one has said of itself stays, but for how much it can take. */
export function validateCsiNodeUpdate({ spec }: ICSINode, old: ICSINode, report: Report): void {
  spec?.drivers?.forEach((driver) => {
    const before = old.spec?.drivers?.find(({ name }) => name === driver.name);
    if (!before) return;
    const [now, then] = [driver, before].map(({ allocatable: _, ...rest }) => rest);
    if (!sameJson(now, then)) report.at("spec", "drivers").invalid(driver, "field is immutable");
  });
}

const size = (value: unknown, report: Report) => {
  if (value !== undefined && compareQuantities(value as string, 0) < 0) {
    report.invalid(String(value), "must be greater than or equal to 0");
  }
};

export const validateCsiCapacity = rules(
  [
    "nodeTopology",
    (value, report) => validateLabelSelector(value as Parameters<typeof validateLabelSelector>[0], report),
  ],
  ["storageClassName", (value, report) => report.named(String(value ?? ""), dnsSubdomain)],
  ["capacity", size],
);

export const validateCsiCapacityUpdate = fixed("nodeTopology", "storageClassName");

export const validateAttachment = rules(
  ["spec.attacher", driverName],
  ["spec.source", (value, report) => {
    const { inlineVolumeSpec, persistentVolumeName } = (value ?? {}) as Record<string, unknown>;
    const words = "must specify exactly one of inlineVolumeSpec and persistentVolumeName";
    if (!inlineVolumeSpec && persistentVolumeName === undefined) report.required(words);
    else if (inlineVolumeSpec && persistentVolumeName !== undefined) report.forbidden(words);
    else if (persistentVolumeName !== undefined) {
      validateVolumeName(String(persistentVolumeName), report.at("persistentVolumeName"));
    } else validateInlineVolume(inlineVolumeSpec as object, report.at("inlineVolumeSpec"));
  }],
  ["spec.nodeName", (value, report) => report.named(String(value ?? ""), dnsSubdomain)],
);

function validateVolumeName(name: string, report: Report): void {
  if (name === "") report.required("must specify non empty persistentVolumeName");
  report.named(name, dnsSubdomain);
}

export const validateAttributesClass = rules(
  ["driverName", provisioner],
  ["parameters", (value, report, holder) => {
    if (isEmpty(value)) report.required("must contain at least one key/value pair");
    else parameters(value, report, holder);
  }],
);

export function validateAttributesClassUpdate(
  now: IVolumeAttributesClass,
  old: IVolumeAttributesClass,
  report: Report,
): void {
  for (const field of ["driverName", "parameters"] as const) {
    if (!sameJson(now[field], old[field])) report.at(field).forbidden(`updates to ${field} are forbidden.`);
  }
}
